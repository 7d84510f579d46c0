// Web Locks, as the three things the bus does with them: hold one for as long as this context lives, wait until another
// context's is free, and look at who holds what. A lock is the only sign of death that no engine forgets to give.

import type { HostKind } from '../core/message-bus.ts';
import { systemPlatform } from '../core/platform.ts';

const longestTurn = 1000;

export interface HeldLock {
  /** Settles when it is held. */
  readonly held: Promise<void>;
  /** Settles if it was stolen, or could not be had: then with the reason. */
  readonly lost: Promise<unknown>;
  release(): void;
}

const prefix = 'busline';

/** Lock names are put together with colons, which names of buses may hold, too. */
function start(bus: string): string {
  return `${prefix}:${bus.replaceAll('%', '%25').replaceAll(':', '%3A')}`;
}

export const lockNames = {
  /** Held by the very context that runs the core of a bus, whatever its kind. */
  core: (bus: string): string => `${start(bus)}:core`,
  /** Dies with a host's context. `id` is a SharedWorker's generation, or what its tab calls a leader's worker. */
  host: (bus: string, kind: HostKind, id: string | number, random: string): string =>
    `${start(bus)}:host:${kind}:${id}:${random}`,
  /** Dies with a tab. */
  tab: (bus: string, id: string): string => `${start(bus)}:tab:${id}`,
  /** Held, shared, by every tab that uses this generation of the worker. */
  generation: (bus: string, generation: number): string => `${start(bus)}:generation:${generation}`,
  /** Held while a host that hangs is made to give way; no name of a host, though its own page may hold it. */
  removal: (victim: string): string => `removal:${victim}`,
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
  const lost = new Promise<unknown>((resolve) => {
    const gone = (why?: unknown): void => {
      if (!released) resolve(why);
    };
    done.then(() => gone(), gone);
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

async function heldLocks(): Promise<readonly LockInfo[]> {
  return (await navigator.locks.query()).held ?? [];
}

/** The lock of such a host if it runs: its script has been loaded, whether or not it answers. */
export async function runningHost(bus: string, kind: HostKind, id: string | number): Promise<string | undefined> {
  const wanted = lockNames.host(bus, kind, id, '');
  return (await heldLocks()).find(({ name }) => name?.startsWith(wanted))?.name;
}

/** Whether this is the lock of a host of this bus. */
export function isHostOf(bus: string, lock: string): boolean {
  return lock.startsWith(`${start(bus)}:host:`);
}

export interface CoreHolder {
  readonly clientId: string | undefined;
  /** The lock of the host in it; undefined while there is none: a leader whose worker is being loaded. */
  readonly host: string | undefined;
}

/** Which context runs the core now. */
export async function coreHolder(bus: string): Promise<CoreHolder | undefined> {
  const held = await heldLocks();
  const core = held.find(({ name }) => name === lockNames.core(bus));
  if (core === undefined) return undefined;
  const { clientId } = core;
  const host = held.find(
    (lock) => lock.clientId === clientId && lock.mode === 'exclusive' && isHostOf(bus, lock.name ?? ''),
  );
  return { clientId, host: host?.name };
}

/** Takes the core from a host that hangs, for whoever waits for it first; nothing, if another has it by now. */
export async function removeFromCore(bus: string, { clientId, host }: CoreHolder): Promise<void> {
  const turn = await inTurn(lockNames.removal(host ?? `${start(bus)}:${clientId}`));
  try {
    const now = await coreHolder(bus);
    if (now === undefined || now.clientId !== clientId || now.host !== host) return;
    const core = stealLock(lockNames.core(bus));
    await core.held;
    core.release();
  } finally {
    turn.release();
  }
}

/** One after the other; but who was put to sleep in his turn holds nobody up. */
async function inTurn(name: string): Promise<HeldLock> {
  const turn = holdLock(name);
  let stop!: () => void;
  const tooLong = new Promise<false>((resolve) => (stop = systemPlatform.timer(longestTurn, () => resolve(false))));
  const isMine = await Promise.race([turn.held.then(() => true), tooLong]);
  stop();
  if (isMine) return turn;
  turn.release();
  const taken = stealLock(name);
  await taken.held;
  return taken;
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
  const wanted = lockNames.generation(bus, 0).slice(0, -1);
  const generations = (await heldLocks()).map(({ name = '' }) =>
    name.startsWith(wanted) ? Number(name.slice(wanted.length)) : 0,
  );
  return Math.max(0, ...generations.filter(Number.isInteger));
}
