// What was sent and could not be stored, kept until it is sent again or given up.

import type { Ack } from './batch.ts';
import type { BusError } from './errors.ts';
import { isInner } from './message.ts';
import type { Message } from './message.ts';

export interface Failure {
  readonly message: Message;
  readonly ack: Ack;
  readonly error: BusError;
}

const maxKept = 1000;
/** To send the same again would not help, or nobody wants to. */
const final: ReadonlySet<string> = new Set(['INVALID_INPUT', 'ABORTED', 'CLOSED']);

export class Failures {
  readonly #kept = new Map<string, Failure>();

  add(messages: readonly Message[], ack: Ack, error: BusError): void {
    if (final.has(error.code)) return;
    for (const message of messages) if (!isInner(message.type)) this.#kept.set(message.id, { message, ack, error });
    for (const id of this.#kept.keys()) if (this.#kept.size > maxKept) this.#kept.delete(id);
  }

  get(id: string): Failure | undefined {
    return this.#kept.get(id);
  }

  /** Whether it was there. */
  delete(id: string): boolean {
    return this.#kept.delete(id);
  }

  /** It was stored after all. */
  stored(messages: readonly Message[]): void {
    if (this.#kept.size > 0) for (const { id } of messages) this.#kept.delete(id);
  }

  values(): Iterable<Failure> {
    return this.#kept.values();
  }
}
