// Behind `respond`: a group whose members answer requests. Whatever becomes of a handler, who asked is told.

import { describe } from './errors.ts';
import type { Inside } from './inside.ts';
import type { Message, MessageInput } from './message.ts';
import type { Attempt, Consumer, RespondOptions } from './message-bus.ts';
import { onAbort } from './platform.ts';
import { failureType, requestType, responseType } from './request-messages.ts';
import { StreamWriter } from './stream.ts';

type Handler = (message: Message, attempt: Attempt) => unknown;
type Parts = AsyncIterator<unknown>;
type Answer = Omit<MessageInput, 'content'> & { readonly id: string };

/** Milliseconds that an answer may take, or the next part of it. */
const lease = 120_000;
/** Milliseconds between two extensions. */
const extendEvery = 10_000;

export function respond(inside: Inside, channel: string, handler: Handler, options: RespondOptions = {}): Consumer {
  const { group = 'responders', concurrency = 16, signal } = options;
  const responder = new Responder(inside, group, handler);
  return inside.bus.consume(
    channel,
    {
      group,
      concurrency,
      lease,
      maxAttempts: 3,
      filter: { types: [requestType] },
      ...(signal !== undefined && { signal }),
    },
    (message, attempt) => responder.answer(message, attempt),
  );
}

function isGenerator(value: unknown): value is Parts {
  const generator = value as Partial<AsyncGenerator> | null | undefined;
  return typeof generator?.next === 'function' && typeof generator[Symbol.asyncIterator] === 'function';
}

class Responder {
  readonly #inside: Inside;
  readonly #group: string;
  readonly #handler: Handler;

  constructor(inside: Inside, group: string, handler: Handler) {
    this.#inside = inside;
    this.#group = group;
    this.#handler = handler;
  }

  async answer(message: Message, attempt: Attempt): Promise<void> {
    try {
      const value = await this.#handler(message, attempt);
      if (isGenerator(value)) await this.#stream(value, message, attempt);
      else await attempt.reply(value ?? null, { type: responseType });
    } catch (error) {
      // Who lost the request, or is closing, has nothing to say: another one answers.
      if (attempt.signal.aborted || this.#inside.signal.aborted) throw error;
      this.#inside.events.emit('handlerError', { message, error });
      const failure = { ...this.#answer(message, attempt, 'failure'), type: failureType, content: describe(error) };
      await this.#inside.send(failure, { inner: true });
    }
  }

  async #stream(parts: Parts, message: Message, attempt: Attempt): Promise<void> {
    const input = { ...this.#answer(message, attempt, 'stream'), type: responseType };
    const stream = new StreamWriter(this.#inside, input, { signal: attempt.signal, run: attempt.attempt });
    try {
      await this.#write(parts, stream, attempt);
      await stream.close();
    } catch (error) {
      stream.abort(error);
      throw error;
    }
  }

  /** As a reply: whoever answers the same request in this group, gives the same answer. */
  #answer({ id, channelId, correlationId, hops = 0 }: Message, { position }: Attempt, kind: string): Answer {
    return {
      id: `re:${this.#inside.author.id}:${this.#group}:${position.logId}:${position.offset}:${kind}`,
      channelId,
      inReplyTo: id,
      hops: hops + 1,
      ...(correlationId !== undefined && { correlationId }),
    };
  }

  async #write(parts: Parts, stream: StreamWriter, attempt: Attempt): Promise<void> {
    const { platform } = this.#inside;
    const stopped = new Promise<undefined>((resolve) => onAbort(stream.signal, () => resolve(undefined)));
    let extended = platform.elapsed();
    for (;;) {
      const part = await Promise.race([parts.next(), stopped]);
      if (part === undefined) return void parts.return?.().catch(describe);
      if (part.done === true) return;
      stream.write(String(part.value));
      if (platform.elapsed() - extended < extendEvery) continue;
      extended = platform.elapsed();
      // That the lease is lost is told by the signal.
      attempt.extend(lease).catch(describe);
    }
  }
}
