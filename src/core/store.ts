// A value that can be watched: the shape that React's useSyncExternalStore and its like take.

export interface Store<T> {
  subscribe(listener: () => void): () => void;
  getSnapshot(): T;
  getServerSnapshot(): T;
}

function same(a: object, b: object): boolean {
  const keys = Object.keys(a) as (keyof typeof a)[];
  return keys.length === Object.keys(b).length && keys.every((key) => Object.is(a[key], b[key]));
}

/** Whoever sets the same members again changes nothing and tells nobody. */
export class Cell<T extends object> implements Store<T> {
  readonly #listeners = new Set<() => void>();
  readonly #first: T;
  #value: T;

  constructor(value: T) {
    this.#first = value;
    this.#value = value;
  }

  readonly getSnapshot = (): T => this.#value;
  readonly getServerSnapshot = (): T => this.#first;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  set(value: T): void {
    if (same(value, this.#value)) return;
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }
}
