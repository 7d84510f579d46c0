// A value that can be watched: the shape that React's useSyncExternalStore and its like take.

import { reportError } from './platform.ts';

export interface Store<T> {
  subscribe(listener: () => void): () => void;
  getSnapshot(): T;
  getServerSnapshot(): T;
}

/** Holds a value and tells when there is another. */
export class Watched<T> implements Store<T> {
  readonly #listeners = new Set<() => void>();
  readonly #first: T;
  #value: T;

  constructor(value: T) {
    this.#first = value;
    this.#value = value;
  }

  readonly getSnapshot = (): T => this.#value;
  readonly getServerSnapshot = (): T => this.#first;

  readonly subscribe: (listener: () => void) => () => void = (listener) => this.listen(listener);

  /** What `subscribe` does; whoever watches only on demand does more. */
  protected listen(listener: () => void): () => void {
    // Each call is a subscription of its own, even of the same function.
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Whether anybody watches. */
  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  set(value: T): void {
    if (value === this.#value) return;
    this.#value = value;
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        // Whoever sets the value and the other listeners have no part in it.
        reportError(error);
      }
    }
  }
}

function same(a: object, b: object): boolean {
  const keys = Object.keys(a) as (keyof typeof a)[];
  return keys.length === Object.keys(b).length && keys.every((key) => Object.is(a[key], b[key]));
}

/** Whoever sets the same members again changes nothing and tells nobody. */
export class Cell<T extends object> extends Watched<T> {
  override set(value: T): void {
    if (!same(value, this.getSnapshot())) super.set(value);
  }
}
