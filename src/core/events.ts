// What happens beside the messages. A listener that throws harms nobody: it becomes an error event itself.

import { busError, describe } from './errors.ts';
import type { BusEvents } from './message-bus.ts';
import { onAbort } from './platform.ts';
import type { Signal } from './platform.ts';

type Listener<K extends keyof BusEvents> = (value: BusEvents[K]) => unknown;

export class Events {
  readonly #listeners = new Map<keyof BusEvents, Set<Listener<never>>>();
  /** How often each event happened, whether or not anybody listened. */
  readonly counts: Map<string, number> = new Map();

  on<K extends keyof BusEvents>(event: K, listener: Listener<K>, signal?: Signal): () => void {
    let listeners = this.#listeners.get(event);
    if (listeners === undefined) this.#listeners.set(event, (listeners = new Set()));
    // Each call is a subscription of its own, even of the same function.
    const own: Listener<K> = (value) => listener(value);
    listeners.add(own);
    const stop = (): void => {
      listeners.delete(own);
      forget();
    };
    const forget = onAbort(signal, () => void listeners.delete(own));
    return stop;
  }

  emit<K extends keyof BusEvents>(event: K, value: BusEvents[K]): void {
    this.counts.set(event, (this.counts.get(event) ?? 0) + 1);
    for (const listener of this.#listeners.get(event) ?? []) this.tell(event, listener as Listener<K>, value);
  }

  /** Calls one listener. What it throws is an error event, unless it was told of one. */
  tell<K extends keyof BusEvents>(event: K, listener: (value: BusEvents[K]) => unknown, value: BusEvents[K]): void {
    const failed = (cause: unknown): void => {
      if (event === 'error') return;
      this.emit('error', busError('ADAPTER_FAILED', `A listener of "${event}" threw: ${describe(cause)}`, { cause }));
    };
    try {
      const result = listener(value);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
