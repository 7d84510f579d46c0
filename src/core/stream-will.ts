// The will of a stream, kept up to date: what is stored if its writer dies holds nearly the whole text.

import type { Inside } from './inside.ts';
import type { MessageInput } from './message.ts';
import type { Will } from './will.ts';

/** Milliseconds between two versions of a will. */
const every = 1000;

export class StreamWill {
  readonly id: string;
  readonly #inside: Inside;
  readonly #make: () => MessageInput;
  #cancel: (() => void) | undefined;
  #ended = false;

  /** `make` says what is to be stored, as of now. */
  constructor(inside: Inside, id: string, make: () => MessageInput) {
    this.#inside = inside;
    this.id = id;
    this.#make = make;
  }

  get current(): Will {
    return { id: this.id, block: this.#inside.outbox.block(this.#make()) };
  }

  /** The text grew. */
  grew(): void {
    if (this.#ended || this.#cancel !== undefined) return;
    this.#cancel = this.#inside.platform.timer(every, () => {
      this.#cancel = undefined;
      this.set();
    });
  }

  set(): void {
    if (!this.#ended) this.#inside.host.setWill(this.current);
  }

  /** The stream ended: nothing is to bring its will back. */
  end(): void {
    this.#ended = true;
    this.#cancel?.();
  }
}
