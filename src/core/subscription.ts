// The receiving end: decodes each block once, leaves out what was seen, applies the filter, calls the handler.

import { firstOffset, weightOf } from './block.ts';
import type { Block, StoredBlock } from './block.ts';
import { controlOf } from './control.ts';
import type { ControlNotice } from './control.ts';
import { describe } from './errors.ts';
import type { BusError } from './errors.ts';
import type { Reader, Sink } from './host.ts';
import type { Early, Position, Positions } from './log.ts';
import type { Message } from './message.ts';
import type { Filter, Reset, Subscription } from './message-bus.ts';

export function passes(filter: Filter, message: Message): boolean {
  const { types, priorities, topics, authorId, to, correlationId } = filter;
  return (
    (types === undefined || types.includes(message.type)) &&
    (priorities === undefined || priorities.includes(message.priority ?? 'normal')) &&
    (topics === undefined || topics.includes(message.topic as string)) &&
    (authorId === undefined || authorId === message.authorId) &&
    (to === undefined || to === message.to) &&
    (correlationId === undefined || correlationId === message.correlationId)
  );
}

export interface ReceiverOptions {
  readonly filter: Filter | undefined;
  /** It goes on from where another one stopped: somebody has what was before. */
  readonly resumes?: boolean;
  /** The messages of a block, decoded once for all receivers of a bus; none if it cannot be read. */
  decode(block: Block, offset: number): readonly Message[];
  now(): number;
  /** Takes the messages of one block. Returns whether it is done with them; if not, it calls `done` when it is. */
  take(messages: readonly Message[], logId: string, done: () => void): boolean;
  /** A message was deleted or the channel cleared: in its place among the messages, which themselves it never is. */
  control?(notice: ControlNotice, position: Position): void;
  reset(reset: Reset): void;
  started?(positions: Positions): void;
  closed(error: BusError): void;
}

export class Receiver implements Sink {
  readonly ready: Promise<void>;
  reader: Reader | undefined;
  readonly #options: ReceiverOptions;
  readonly #positions = new Map<string, Position>();
  /** Channels of which it got something before it was live. */
  readonly #begun = new Set<string>();
  /** Channels that it was just told of that they were cleared: the block that says so comes next. */
  readonly #cleared = new Set<string>();
  #live = false;
  #closed = false;
  #isReady!: () => void;
  #isLost!: (error: unknown) => void;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      this.#isLost = reject;
    });
    // Whoever does not look at `ready` is not told by an unhandled rejection.
    this.ready.catch(describe);
  }

  started(positions: Positions): void {
    for (const [channelId, position] of Object.entries(positions)) {
      if (!this.#positions.has(channelId)) this.#positions.set(channelId, position);
    }
    this.#options.started?.(positions);
  }

  block(block: StoredBlock): void {
    if (this.#closed) return;
    const { channelId, expiresAt } = block.header;
    const had = this.#positions.get(channelId);
    const seen = had?.logId === block.logId ? had.offset : 0;
    const weight = weightOf(block);
    if (block.offset <= seen) return this.reader?.credit(weight);
    const { producerId, sequence } = block.header;
    const early = had?.logId === block.logId || had?.logId === '' ? (had.seen?.[producerId] ?? 0) : 0;
    if (sequence <= early) {
      this.#move(block, had);
      return this.reader?.credit(weight);
    }
    if (block.header.kind === 'control') return this.#control(block, had, weight);
    if (!this.#live) this.#begun.add(channelId);
    const expired = expiresAt !== undefined && expiresAt <= this.#options.now();
    let messages = expired ? [] : this.#options.decode(block, block.offset);
    if (firstOffset(block) <= seen) messages = messages.filter((message) => message.offset > seen);
    this.#move(block, had);
    this.#give(messages, block.logId, weight);
  }

  early({ block, previous }: Early): boolean {
    const { channelId, producerId, sequence, expiresAt } = block.header;
    const had = this.#positions.get(channelId) ?? { logId: '', offset: 0 };
    if (this.#closed || (had.seen?.[producerId] ?? 0) !== previous) return false;
    this.#positions.set(channelId, { ...had, seen: { ...had.seen, [producerId]: sequence } });
    const expired = expiresAt !== undefined && expiresAt <= this.#options.now();
    this.#give(expired ? [] : this.#options.decode(block, 0), had.logId, weightOf(block));
    return true;
  }

  ephemeral(block: Block): void {
    if (!this.#closed) this.#give(this.#options.decode(block, 0), '', 0);
  }

  reset(reset: Reset): void {
    if (this.#closed) return;
    this.#positions.set(reset.channelId, reset.now);
    if (reset.reason === 'cleared') this.#cleared.add(reset.channelId);
    else this.#cleared.delete(reset.channelId);
    this.#options.reset(reset);
  }

  live(): void {
    this.#live = true;
    this.#begun.clear();
    this.#isReady();
  }

  positions(): Positions {
    return Object.fromEntries(this.#positions);
  }

  lost(error: BusError): void {
    this.close(error);
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(error: BusError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.reader?.close();
    this.#isLost(error);
    this.#options.closed(error);
  }

  #control(block: StoredBlock, before: Position | undefined, weight: number): void {
    const notice = controlOf(block);
    const { channelId } = notice;
    const now = this.#move(block, before);
    const isNews = !this.#cleared.delete(channelId) && this.#hasSomething(channelId);
    if (notice.action === 'clear' && isNews) {
      const had = before ?? { logId: block.logId, offset: firstOffset(block) - 1 };
      this.#options.reset({ channelId, reason: 'cleared', had, now });
    }
    this.#options.control?.(notice, now);
    this.reader?.credit(weight);
  }

  /** What came early before is left out until it has come by its place. */
  #move({ header, logId, offset }: StoredBlock, had: Position | undefined): Position {
    const { channelId, producerId, sequence } = header;
    let now: Position = { logId, offset };
    if (had?.seen !== undefined && (had.logId === logId || had.logId === '')) {
      const { [producerId]: early = 0, ...others } = had.seen;
      const seen = sequence < early ? had.seen : others;
      if (Object.keys(seen).length > 0) now = { logId, offset, seen };
    }
    this.#positions.set(channelId, now);
    return now;
  }

  /** Whoever begins with what there is has nothing that was cleared before. */
  #hasSomething(channelId: string): boolean {
    return this.#live || this.#options.resumes === true || this.#begun.has(channelId);
  }

  #give(messages: readonly Message[], logId: string, weight: number): void {
    const { filter } = this.#options;
    const wanted = filter === undefined ? messages : messages.filter((message) => passes(filter, message));
    const done = (): void => this.reader?.credit(weight);
    if (this.#options.take(wanted, logId, done)) done();
  }
}

/** The function that users hold: call it or dispose it to stop. */
export function subscriptionOf(receiver: Pick<Receiver, 'ready' | 'positions'>, stop: () => void): Subscription {
  const subscription = Object.assign(() => stop(), { ready: receiver.ready, positions: () => receiver.positions() });
  // WebKitGTK has no Symbol.dispose: a member named by it would be called "undefined".
  if (Symbol.dispose !== undefined) Object.defineProperty(subscription, Symbol.dispose, { value: stop });
  return subscription as Subscription;
}
