// Under which names a bus lies in localStorage: `busline:<bus>:term` says who may write, `busline:<bus>:<term>.<n>` is one
// commit of that term (0: all that was folded), and `busline:<bus>:spare` holds a little space back.

/** As much of a `Storage` as a log needs. */
export type Texts = Pick<Storage, 'length' | 'key' | 'getItem' | 'setItem' | 'removeItem'>;

export interface Place {
  readonly term: number;
  readonly n: number;
}

/** No name has a colon after that of its bus, so that no bus finds another's whose name begins with its own. */
const own = /^(?:term|spare|(\d+)\.(\d+))$/;

const prefixOf = (bus: string): string => `busline:${bus}:`;

export class Keys {
  readonly #prefix: string;

  constructor(bus: string) {
    this.#prefix = prefixOf(bus);
  }

  get term(): string {
    return `${this.#prefix}term`;
  }

  get spare(): string {
    return `${this.#prefix}spare`;
  }

  commit({ term, n }: Place): string {
    return `${this.#prefix}${term}.${n}`;
  }

  /** Undefined if it is not the name of a commit. */
  placeOf(key: string): Place | undefined {
    const [, term, n] = own.exec(key.slice(this.#prefix.length)) ?? [];
    return term === undefined || n === undefined ? undefined : { term: Number(term), n: Number(n) };
  }
}

/** All that are there. */
export function keysIn(storage: Texts, bus: string): readonly string[] {
  const prefix = prefixOf(bus);
  const names = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? '');
  return names.filter((name) => name.startsWith(prefix) && own.test(name.slice(prefix.length)));
}

/** Removes all that are there; whether there were any. The term goes first: from then on nobody may write. */
export function removeKeys(storage: Texts, bus: string): boolean {
  const names = keysIn(storage, bus);
  storage.removeItem(`${prefixOf(bus)}term`);
  for (const name of names) storage.removeItem(name);
  return names.length > 0;
}

/** Undefined in workers, and where the browser refuses it. */
export function pageStorage(): Storage | undefined {
  try {
    const storage: Storage | null | undefined = globalThis.localStorage;
    return storage ?? undefined;
  } catch {
    return undefined;
  }
}
