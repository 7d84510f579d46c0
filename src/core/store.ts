// A value that can be watched: the shape that React's useSyncExternalStore and its like take.

export interface Store<T> {
  subscribe(listener: () => void): () => void;
  getSnapshot(): T;
  getServerSnapshot(): T;
}

export class Cell<T> implements Store<T> {
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
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }
}
