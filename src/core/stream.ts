// The writing end of a stream. The writer has the whole text: whoever asks gets it, so that a delta may be lost and a tab may
// come late. Whatever becomes of the writer, the stream ends: by its end, by an abort, or by the will that its host keeps.

import { busError, describe } from './errors.ts';
import type { Inside } from './inside.ts';
import { checkType } from './message.ts';
import type { Json, Message, MessageInput } from './message.ts';
import type { MessageStream } from './message-bus.ts';
import { createAbort, onAbort } from './platform.ts';
import type { Abort, Signal } from './platform.ts';
import {
  abortId,
  abortType,
  anyStream,
  askOf,
  askType,
  beginOf,
  beginType,
  deltaType,
  endId,
} from './stream-messages.ts';
import type { Begin, Delta } from './stream-messages.ts';
import { StreamWill } from './stream-will.ts';

/** As much text as surely fits into a message, however it is written as JSON. */
const pieceLength = 150_000;

type StreamInput = Omit<MessageInput, 'content'> & { readonly id: string };

export interface StreamWriterOptions {
  readonly signal?: Signal | undefined;
  /** What `signal` of the stream is of. */
  readonly abort?: Abort;
  /** 2, 3 … if others began this stream before and did not end it; default 1. */
  readonly run?: number;
}

type State =
  | { readonly name: 'open' }
  | { readonly name: 'ended' }
  /** The error is what `close` rejects with. */
  | { readonly name: 'failed'; readonly error: unknown };

export class StreamWriter implements MessageStream {
  readonly id: string;
  readonly #inside: Inside;
  readonly #input: StreamInput;
  readonly #run: number;
  readonly #abort: Abort;
  readonly #will: StreamWill;
  readonly #cleanup: (() => void)[] = [];
  #state: State = { name: 'open' };
  #text = '';
  /** How much of the text was told. */
  #told = 0;
  /** Somebody asked for all of it. */
  #asked: boolean;
  #begin: Begin | undefined;
  #scheduled = false;
  #closing: Promise<Message> | undefined;

  constructor(
    inside: Inside,
    input: StreamInput,
    { signal, abort = createAbort(), run = 1 }: StreamWriterOptions = {},
  ) {
    this.id = input.id;
    this.#inside = inside;
    this.#input = input;
    this.#run = run;
    this.#asked = run > 1;
    this.#abort = abort;
    this.#will = new StreamWill(inside, abortId(input.id, run), () => this.#abortion());
    const stopped = [signal, inside.signal].find((each) => each?.aborted === true);
    if (stopped === undefined) this.#start(signal);
    else this.#fail(aborted(stopped.reason));
  }

  get signal(): Signal {
    return this.#abort.signal;
  }

  write(delta: string): void {
    if (this.#state.name !== 'open') return;
    this.#text += delta;
    this.#schedule();
  }

  close(content?: Json): Promise<Message> {
    if (this.#closing === undefined) {
      this.#closing = this.#close(content);
      // A listener of the signal may close it, too, and look at nothing.
      this.#closing.catch(describe);
      this.#abort.abort();
    }
    return this.#closing;
  }

  abort(reason?: unknown): void {
    if (this.#state.name !== 'open') return;
    this.#fail(aborted(reason), reason);
    this.#storeAbortion();
  }

  async #close(content: Json = this.#text): Promise<Message> {
    if (this.#state.name === 'failed') throw this.#state.error;
    this.#end({ name: 'ended' });
    try {
      this.#tellLast(content);
      const end = { ...this.#input, id: endId(this.id), content };
      const message = await this.#inside.send(end, { fulfils: this.#will.id });
      // What is stored may be the end of an earlier run, which does not come again.
      if (this.#run > 1) this.#cast({ end: message });
      return message;
    } catch (error) {
      // Its readers are not to wait for an end that was refused.
      this.#storeAbortion();
      throw error;
    }
  }

  #listen(signal: Signal | undefined): void {
    const { events, signal: closing } = this.#inside;
    const receiver = this.#inside.receive(
      this.#input.channelId,
      { ephemeral: 'only', filter: { types: [askType] } },
      { inner: true, take: (asks) => this.#hear(asks), closed: () => undefined },
    );
    this.#cleanup.push(
      () => receiver.close(busError('CLOSED', 'The stream ended.')),
      events.on('host', () => this.#hostChanged()),
      onAbort(signal, () => this.abort(signal?.reason)),
      onAbort(closing, () => this.abort(closing.reason)),
    );
  }

  #start(signal: Signal | undefined): void {
    try {
      checkType(this.#input.type);
      const will = this.#will.current;
      this.#listen(signal);
      this.#inside.send(this.#beginning(), { will, inner: true }).then(
        (message) => this.#hasBegun(message),
        (error: unknown) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #beginning(): MessageInput {
    const { type = 'text', ...fields } = this.#input;
    return { ...fields, type: beginType, content: { type, run: this.#run } };
  }

  #hasBegun(message: Message): void {
    this.#begin = beginOf(message);
    // A beginning that is known already stored nothing, and so no will either.
    if (this.#run > 1) this.#will.set();
    this.#schedule();
  }

  #hostChanged(): void {
    if (this.#begin === undefined) return;
    this.#will.set();
    this.#asked = true;
    this.#schedule();
  }

  #hear(asks: readonly Message[]): boolean {
    for (const { streamId, stop, drop } of asks.map(askOf)) {
      if (streamId !== this.id && streamId !== anyStream) continue;
      if (drop) this.#drop();
      else if (stop) this.#abort.abort();
      else this.#asked = true;
    }
    if (this.#asked) this.#schedule();
    return true;
  }

  /** It was deleted while it was written: what is stored at its end holds nothing of it. */
  #drop(): void {
    this.#text = '';
    this.abort('It was deleted.');
  }

  /** What was written in one turn is told as one delta; what was asked in one turn is answered once. */
  #schedule(): void {
    if (this.#scheduled || this.#begin === undefined) return;
    this.#scheduled = true;
    this.#inside.platform.defer(() => {
      this.#scheduled = false;
      if (this.#state.name === 'open' && this.#begin !== undefined) this.#tell(this.#begin);
    });
  }

  #tell(begin: Begin): void {
    if (this.#asked) {
      this.#asked = false;
      this.#told = 0;
      this.#cast({ begin });
    }
    while (this.#told < this.#text.length) this.#cast({});
  }

  /** What is not in the end is told before. */
  #tellLast(content: Json): void {
    // A later run has no beginning of its own by which readers would know it.
    if ((content === this.#text && this.#run === 1) || this.#text === '') return;
    if (this.#begin !== undefined) return this.#tell(this.#begin);
    // Its beginning is on its way still: the deltas would come before it.
    const [beginning] = this.#inside.read(this.#inside.outbox.block(this.#beginning()), 0).all;
    this.#asked = true;
    this.#tell(beginOf(beginning as Message));
  }

  #cast(more: Pick<Delta, 'begin' | 'end'>): void {
    const index = this.#told;
    const delta = this.#text.slice(index, index + pieceLength);
    this.#told += delta.length;
    if (delta !== '') this.#will.grew();
    const { channelId, serverId, authorId } = this.#input;
    const content = { streamId: this.id, run: this.#run, index, delta, ...more };
    this.#inside
      .send({ ...given({ serverId, authorId }), channelId, type: deltaType, content }, { ephemeral: true, inner: true })
      // Whoever misses it asks.
      .catch(describe);
  }

  #abortion(): MessageInput {
    const { channelId, serverId, authorId, authorName } = this.#input;
    return {
      ...given({ serverId, authorId, authorName }),
      channelId,
      id: this.#will.id,
      type: abortType,
      correlationId: this.id,
      content: this.#text.slice(0, pieceLength),
    };
  }

  #storeAbortion(): void {
    // If this fails too, its will is there still.
    this.#inside.send(this.#abortion(), { fulfils: this.#will.id, inner: true }).catch(describe);
  }

  #fail(error: unknown, reason: unknown = error): void {
    if (this.#state.name !== 'open') return;
    this.#end({ name: 'failed', error });
    this.#abort.abort(reason);
  }

  #end(state: State): void {
    this.#state = state;
    this.#will.end();
    for (const clean of this.#cleanup.splice(0)) clean();
  }
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the fields that are undefined. */
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}

function aborted(cause: unknown): Error {
  return busError('STREAM_ABORTED', 'The stream was aborted.', { cause });
}
