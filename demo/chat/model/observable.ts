// A value that can be watched; the shape is that of the bus's own `status`.

import type { Store } from 'busline';

export type Watchable<T> = Pick<Store<T>, 'subscribe' | 'getSnapshot'>;

export class Observable<T> implements Watchable<T> {
  readonly #listeners = new Set<() => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  readonly getSnapshot = (): T => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }
}
