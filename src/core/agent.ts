// An adapter that answers. It hears each message once, however many tabs run it; it skips what it said itself, and stops
// where agents would answer each other for ever.

import { boundChannel } from './bound-channel.ts';
import type { InnerStreamOptions } from './inside.ts';
import type { Message, MessageInput } from './message.ts';
import type {
  Adapter,
  Attempt,
  MessageBus,
  MessageStream,
  RequestOptions,
  Sending,
  SendOptions,
} from './message-bus.ts';

type StreamInput = Omit<MessageInput, 'content'>;

const defaultHops = 8;
/** How long an answer may stand still, in milliseconds, before another tab is asked. */
const patience = 120_000;

/** What an agent gets beside a message. What it sends through this is said in its own name. */
export interface AgentAttempt extends Attempt {
  readonly bus: MessageBus;
  /** Begins an answer that is written bit by bit. Its id follows from what it answers: run again, it goes on as the same one. */
  stream(more?: Partial<MessageInput>): MessageStream;
}

export interface AgentOptions {
  readonly name: string;
  /** Who it is as an author; default: its name. */
  readonly id?: string;
  readonly channels: readonly string[];
  /** Messages with so many automatic answers behind them are left alone; default 8. */
  readonly maxHops?: number;
  onMessage(message: Message, attempt: AgentAttempt): unknown;
}

/** The same bus, whose messages are said by somebody else where they do not name an author. */
function inTheNameOf(bus: MessageBus, authorId: string): MessageBus {
  const own = { authorId };
  const verbs = {
    send: (input: MessageInput, options?: SendOptions) => bus.send({ ...own, ...input }, options),
    request: (input: MessageInput, options?: RequestOptions) => bus.request({ ...own, ...input }, options),
    stream: (input: StreamInput, options?: object) => bus.stream({ ...own, ...input }, options),
    channel: (channelId: string) => boundChannel(renamed, channelId),
  };
  const renamed: MessageBus = new Proxy(bus, {
    get(target, key) {
      if (Object.hasOwn(verbs, key)) return verbs[key as keyof typeof verbs];
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  return renamed;
}

class Answering implements AgentAttempt {
  readonly attempt: number;
  readonly bus: MessageBus;
  readonly reply: <R>(content: R, more?: Partial<MessageInput>) => Sending<R>;
  readonly extend: (ms: number) => Promise<void>;
  readonly stream: (more?: Partial<MessageInput>) => MessageStream;
  readonly #of: Attempt;
  #streams = 0;
  #isExtending = false;

  constructor(of: Attempt, message: Message, bus: MessageBus, { name, authorId }: { name: string; authorId: string }) {
    this.#of = of;
    this.attempt = of.attempt;
    this.bus = bus;
    this.extend = (ms) => of.extend(ms);
    this.reply = (content, more) => of.reply(content, { authorId, ...more });
    this.stream = (more = {}) => {
      const { logId, offset } = of.position;
      const { id, channelId, correlationId, hops = 0 } = message;
      const options: InnerStreamOptions = { signal: of.signal, run: of.attempt };
      this.#streams += 1;
      const input = {
        id: `re:${authorId}:${name}:${logId}:${offset}:s${this.#streams}`,
        channelId,
        authorId,
        inReplyTo: id,
        hops: hops + 1,
        ...(correlationId !== undefined && { correlationId }),
        ...more,
      };
      const stream = bus.stream(input, options);
      return {
        ...stream,
        write: (delta) => {
          this.#moves();
          stream.write(delta);
        },
      };
    };
  }

  /** An answer that grows is not taken away, however long it becomes. */
  #moves(): void {
    if (this.#isExtending) return;
    this.#isExtending = true;
    const extended = (): void => void (this.#isExtending = false);
    // Whose lease is lost learns of it by the signal.
    this.extend(patience).then(extended, extended);
  }

  get position(): Attempt['position'] {
    return this.#of.position;
  }

  get signal(): Attempt['signal'] {
    return this.#of.signal;
  }
}

/** Makes an agent: give it to `use`, in every tab that may run it. */
export function agent(options: AgentOptions): Adapter {
  const { name, id = name, channels, maxHops = defaultHops } = options;
  let own: MessageBus;
  return {
    name,
    channels,
    attach(bus) {
      own = inTheNameOf(bus, id);
    },
    onMessage(message, attempt) {
      if (message.authorId === id || (message.hops ?? 0) >= maxHops) return undefined;
      return options.onMessage(message, new Answering(attempt, message, own, { name, authorId: id }));
    },
  };
}
