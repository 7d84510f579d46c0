// Behind `request`: a stored question and whoever answers it first. The answer is read from the log, after the question's own
// place: none is missed, whatever dies in between, and a question that is asked again under its id finds its old answer.

import { busError, describe } from './errors.ts';
import type { BusErrorCode } from './errors.ts';
import type { Inside } from './inside.ts';
import type { Message, MessageInput } from './message.ts';
import type { RequestOptions } from './message-bus.ts';
import { OpenStreams } from './open-streams.ts';
import { onAbort } from './platform.ts';
import type { ReadStream } from './read-stream.ts';
import { failureType, requestType, responseType } from './request-messages.ts';

const defaultTimeout = 30_000;
/** Milliseconds that may go into finding out why nobody answered. */
const lookFor = 1000;

function check({ type = requestType }: MessageInput, timeout: unknown, signal: RequestOptions['signal']): void {
  if (signal?.aborted === true)
    throw busError('ABORTED', 'request: the signal was aborted before.', { cause: signal.reason });
  if (type !== requestType)
    throw busError('INVALID_INPUT', 'request: the type of a request is "request"; say what it is about in "topic".');
  if (typeof timeout !== 'number' || !(timeout > 0))
    throw busError('INVALID_INPUT', 'request: "timeout" must be a number above zero.');
}

export async function request(inside: Inside, input: MessageInput, options: RequestOptions = {}): Promise<Message> {
  const { timeout = defaultTimeout } = options;
  check(input, timeout, options.signal);
  const correlationId = input.correlationId ?? inside.outbox.ids.next();
  const asking = new Asking(inside, { ...input, type: requestType, ttl: timeout, correlationId }, timeout, options);
  try {
    return await asking.answer;
  } finally {
    asking.close();
  }
}

class Asking {
  readonly answer: Promise<Message>;
  readonly #inside: Inside;
  readonly #channelId: string;
  readonly #timeout: number;
  readonly #options: RequestOptions;
  readonly #cleanup: (() => void)[] = [];
  #resolve!: (message: Message) => void;
  #reject!: (error: unknown) => void;
  #closed = false;
  /** The answer that is being streamed, and how much of it was told. */
  #stream: ReadStream | undefined;
  #told = 0;

  constructor(inside: Inside, input: MessageInput, timeout: number, options: RequestOptions) {
    const { signal } = options;
    this.#inside = inside;
    this.#channelId = input.channelId;
    this.#timeout = timeout;
    this.#options = options;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const failed = (error: unknown): void => this.#reject(error);
    this.#cleanup.push(
      inside.platform.timer(timeout, () => void this.#late()),
      onAbort(signal, () => this.#fail('ABORTED', 'request: the signal was aborted.', signal?.reason)),
      onAbort(inside.signal, () => this.#fail('CLOSED', 'The bus is closed.')),
    );
    inside.send(input).then((question) => this.#listen(question), failed);
  }

  close(): void {
    this.#closed = true;
    for (const clean of this.#cleanup.splice(0)) clean();
  }

  #listen({ id, channelId, offset }: Message): void {
    if (this.#closed) return;
    const streams = this.#options.onDelta === undefined ? undefined : this.#streams(id);
    const receiver = this.#inside.receive(
      channelId,
      { from: { logId: '', offset }, ephemeral: streams !== undefined },
      {
        inner: true,
        take: (messages) => {
          for (const message of messages) {
            streams?.take(message);
            if (message.inReplyTo === id && message.offset > 0) this.#take(message);
          }
          return true;
        },
        closed: (error) => {
          streams?.close(error);
          this.#reject(error);
        },
      },
    );
    receiver.ready.then(() => streams?.askAll(channelId), describe);
    this.#cleanup.push(() => receiver.close(busError('CLOSED', 'The request is over.')));
  }

  #take(message: Message): void {
    if (message.type === responseType) this.#resolve(message);
    else if (message.type === failureType)
      this.#fail('RESPONDER_FAILED', `The responder failed: ${String(message.content)}.`);
  }

  /** An answer that was given up is passed over: another responder begins anew. */
  #streams(id: string): OpenStreams {
    return new OpenStreams(this.#inside, {
      opened: (stream) => {
        const isFree = this.#stream === undefined || this.#stream.outcome !== undefined;
        if (stream.begin.inReplyTo !== id || !isFree) return;
        this.#stream = stream;
        this.#told = 0;
      },
      changed: (stream) => {
        if (stream === this.#stream) this.#tell(stream);
      },
    });
  }

  #tell(stream: ReadStream): void {
    const delta = stream.text.slice(this.#told);
    if (delta === '' || this.#closed) return;
    this.#told = stream.text.length;
    try {
      this.#options.onDelta?.(delta, stream.text);
    } catch (error) {
      this.#inside.events.emit('handlerError', { message: { ...stream.begin, content: stream.text }, error });
    }
  }

  async #late(): Promise<void> {
    const nobody = await this.#isNobodyThere();
    const after = `within ${this.#timeout} ms on channel "${this.#channelId}"`;
    if (nobody) this.#fail('NO_RESPONDER', `Nobody was there to answer ${after}.`);
    else this.#fail('TIMEOUT', `No answer came ${after}.`);
  }

  async #isNobodyThere(): Promise<boolean> {
    try {
      const tooLong = new Promise<false>((resolve) => {
        this.#cleanup.push(this.#inside.platform.timer(lookFor, () => resolve(false)));
      });
      const groups = await Promise.race([this.#inside.bus.admin.groups(this.#channelId), tooLong]);
      return groups !== false && groups.every(({ members }) => members === 0);
    } catch {
      return false;
    }
  }

  #fail(code: BusErrorCode, message: string, cause?: unknown): void {
    this.#reject(busError(code, message, { accepted: 'unknown', retryable: code === 'TIMEOUT', cause }));
  }
}
