// Web Locks, as the three things the bus does with them: hold one for as long as this context lives, wait until another
// context's is free, and look at who holds what. A lock is the only sign of death that no engine forgets to give.

export interface HeldLock {
  /** Settles when it is held. */
  readonly held: Promise<void>;
  /** Settles if it was stolen, or could not be had. */
  readonly lost: Promise<void>;
  release(): void;
}

const prefix = 'busline';

export const lockNames = {
  /** Held by the very context that runs the core of a bus, whatever its kind. */
  core: (bus: string): string => `${prefix}:${bus}:core`,
  /** Dies with a host's context. */
  host: (bus: string, generation: number, id: string): string => `${prefix}:${bus}:host:${generation}:${id}`,
  /** Dies with a tab. */
  tab: (bus: string, id: string): string => `${prefix}:${bus}:tab:${id}`,
  /** Held, shared, by every tab that uses this generation of the worker. */
  generation: (bus: string, generation: number): string => `${prefix}:${bus}:generation:${generation}`,
};

function request(name: string, options: LockOptions): HeldLock {
  let release!: () => void;
  let isHeld!: () => void;
  const until = new Promise<void>((resolve) => (release = resolve));
  const held = new Promise<void>((resolve) => (isHeld = resolve));
  const abort = new AbortController();
  const asked = options.steal === true || options.ifAvailable === true ? options : { ...options, signal: abort.signal };
  let taken = true;
  const done = navigator.locks.request(name, asked, (lock) => {
    taken = lock !== null;
    if (!taken) return undefined;
    isHeld();
    return until;
  });
  let released = false;
  const lost = new Promise<void>((resolve) => {
    const gone = (): void => {
      if (!released) resolve();
    };
    done.then(gone, gone);
  });
  return {
    held,
    lost,
    release() {
      released = true;
      release();
      abort.abort();
    },
  };
}

export function holdLock(name: string, mode: LockMode = 'exclusive'): HeldLock {
  return request(name, { mode });
}

/** Takes it from whoever holds it; the robbed context is told by its `lost`. */
export function stealLock(name: string): HeldLock {
  return request(name, { steal: true });
}

/** Whether a host of this generation runs: its script has been loaded, whether or not it answers. */
export async function hostRuns(bus: string, generation: number): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  const start = lockNames.host(bus, generation, '');
  return held.some(({ name = '' }) => name.startsWith(start));
}

/** Calls `freed` once the holder is gone. The returned function stops waiting. There is no deadline: a wait costs nothing. */
export function whenFree(name: string, freed: () => void): () => void {
  const lock = holdLock(name, 'shared');
  let waiting = true;
  void lock.held.then(() => {
    lock.release();
    if (waiting) freed();
  });
  return () => {
    waiting = false;
    lock.release();
  };
}

/** The highest generation of a bus's worker that any tab uses; 0 if there is none. */
export async function highestGeneration(bus: string): Promise<number> {
  const { held = [] } = await navigator.locks.query();
  const start = lockNames.generation(bus, 0).slice(0, -1);
  const generations = held.map(({ name = '' }) => (name.startsWith(start) ? Number(name.slice(start.length)) : 0));
  return Math.max(0, ...generations.filter(Number.isInteger));
}
