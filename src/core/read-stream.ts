// The reading end of a stream: its text as it grows. It is told what came by whoever follows the channel.

import type { Message } from './message.ts';
import type { ReadableMessage } from './message-bus.ts';
import type { Begin } from './stream-messages.ts';

type Outcome = { readonly message: Message } | { readonly error: unknown };

export class ReadStream implements ReadableMessage {
  readonly begin: Begin;
  readonly run: number;
  readonly done: Promise<Message>;
  readonly #onStop: (stream: ReadStream) => void;
  readonly #waiting: (() => void)[] = [];
  #text = '';
  #outcome: Outcome | undefined;
  #resolve!: (message: Message) => void;
  #reject!: (error: unknown) => void;
  #wantsStop = false;

  constructor(begin: Begin, run: number, onStop: (stream: ReadStream) => void) {
    this.begin = begin;
    this.run = run;
    this.#onStop = onStop;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever only reads the text is not told by an unhandled rejection.
    this.done.catch(() => undefined);
  }

  get id(): string {
    return this.begin.id;
  }

  get message(): ReadableMessage['message'] {
    return this.begin;
  }

  get text(): string {
    return this.#text;
  }

  /** How it ended, if it did. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  get wantsStop(): boolean {
    return this.#wantsStop;
  }

  stop(): void {
    if (this.#outcome !== undefined) return;
    this.#wantsStop = true;
    this.#onStop(this);
  }

  /** From the beginning on, in as many parts as it is read. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string, undefined> {
    for (let at = 0; ;) {
      if (at < this.#text.length) {
        const part = this.#text.slice(at);
        at = this.#text.length;
        yield part;
      } else if (this.#outcome === undefined) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      } else if ('error' in this.#outcome) {
        throw this.#outcome.error;
      } else {
        return undefined;
      }
    }
  }

  /** Takes what is new of it. False if there is a gap before it. */
  append(index: number, delta: string): boolean {
    const { length } = this.#text;
    if (index > length) return false;
    if (index + delta.length > length) {
      this.#text += delta.slice(length - index);
      this.#wake();
    }
    return true;
  }

  finish(message: Message): void {
    this.#end({ message }, message.content);
    this.#resolve(message);
  }

  /** `content` is the text that there was at last, as far as that is known. */
  fail(error: unknown, content: unknown): void {
    this.#end({ error }, content);
    this.#reject(error);
  }

  #end(outcome: Outcome, content: unknown): void {
    // Deltas may be lost; what is stored at the end has the rest.
    if (typeof content === 'string' && content.startsWith(this.#text)) this.#text = content;
    this.#outcome = outcome;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
