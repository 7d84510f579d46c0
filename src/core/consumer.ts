// A member of a group, on its own side: fetches what it is handed, calls the handler, and says how it went.

import type { StoredBlock } from './block.ts';
import { firstOffset } from './block.ts';
import { controlOf } from './control.ts';
import type { ControlNotice } from './control.ts';
import { MessageDelivery } from './delivery.ts';
import type { DeliveryContext } from './delivery.ts';
import { busError, describe, isBusError } from './errors.ts';
import type { BusError } from './errors.ts';
import type { JoinRequest, Membership, MemberSink, Outcome, Ref } from './host.ts';
import type { Inside } from './inside.ts';
import type { Message } from './message.ts';
import type { Attempt, ConsumeOptions, Consumer } from './message-bus.ts';
import { createAbort, onAbort } from './platform.ts';
import type { Abort } from './platform.ts';
import { passes } from './subscription.ts';

const defaultLease = 30_000;
const defaultAttempts = 5;
const keptBlocks = 8;

export interface ConsumerOptions extends ConsumeOptions {
  /** One message of a channel at a time, in order, by the member that is there longest. */
  readonly ordered?: boolean;
  /** Stands in the ids of its answers; default: the group. */
  readonly name?: string;
  readonly joined?: () => void;
  readonly failed?: (error: unknown) => void;
  readonly control?: (notice: ControlNotice) => unknown;
}

type Handler = (message: Message, attempt: Attempt) => unknown;

const maxName = 4096;

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= maxName && !value.includes('\u0000');
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function isDuration(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) >= 0;
}

/** Throws what is wrong with what `consume` was given. */
export function checkConsume(options: ConsumeOptions, handler: unknown): void {
  const wrong = (what: string): never => {
    throw busError('INVALID_INPUT', `consume: ${what}.`);
  };
  if (typeof handler !== 'function') wrong('give a handler function');
  if (!isName(options?.group)) wrong(`"group" must be a name of at most ${maxName} characters`);
  const { from, slots, lease, maxAttempts, backoff } = requestOf('', options, 0);
  if (from !== 'earliest' && from !== 'now') wrong('"from" must be earliest or now');
  for (const [name, value] of Object.entries({ concurrency: slots, maxAttempts }))
    if (!isCount(value)) wrong(`"${name}" must be a whole number above zero`);
  if (!isDuration(lease) || lease === 0) wrong('"lease" must be a number of milliseconds above zero');
  for (const [name, value] of Object.entries({ initial: backoff.initial, max: backoff.max, factor: backoff.factor }))
    if (!isDuration(value)) wrong(`"backoff.${name}" must be a number, zero or more`);
}

class MessageAttempt extends MessageDelivery implements Attempt {
  readonly attempt: number;
  readonly extend: (ms: number) => Promise<void>;

  constructor(context: DeliveryContext, message: Message, ref: Ref, membership: Membership) {
    super(context, message, ref.logId);
    this.attempt = ref.attempt;
    this.extend = async (ms) => {
      if (!isDuration(ms)) throw busError('INVALID_INPUT', 'extend: give a number of milliseconds.');
      await membership.extend(ref, ms);
    };
  }
}

function requestOf(pattern: string, options: ConsumerOptions, now: number): JoinRequest {
  const { group, from = 'earliest', concurrency = 1, lease = defaultLease, maxAttempts = defaultAttempts } = options;
  const { initial = 100, max = 30_000, factor = 2, jitter = true } = options.backoff ?? {};
  const ordered = options.ordered ?? false;
  const backoff = { initial, max, factor, jitter };
  return { group, pattern, from, slots: concurrency, lease, maxAttempts, backoff, ordered, since: now };
}

const done: Outcome = { kind: 'done' };

export class GroupConsumer implements Consumer, MemberSink {
  readonly #inside: Inside;
  readonly #options: ConsumerOptions;
  readonly #handler: Handler;
  readonly #membership: Membership;
  readonly #slots: number;
  readonly #running = new Map<Ref, Abort>();
  readonly #forget: (() => void)[] = [];
  /** The last ones: their messages are handed out one by one. What is deleted meanwhile is not handed out any more. */
  #blocks: StoredBlock[] = [];
  /** One after the other: messages of one block are fetched once. */
  #fetching: Promise<unknown> = Promise.resolve();
  #idle: (() => void)[] = [];
  /** Why nothing will come any more. */
  #failure: BusError | undefined;
  #closing: Promise<void> | undefined;

  constructor(inside: Inside, pattern: string, options: ConsumerOptions, handler: Handler) {
    this.#inside = inside;
    this.#options = options;
    this.#handler = handler;
    const request = requestOf(pattern, options, inside.platform.now());
    this.#slots = request.slots;
    this.#membership = inside.host.join(request, this);
    this.#forget.push(inside.beforeClose(() => this.close()));
    this.#forget.push(onAbort(options.signal, () => void this.#abort()));
  }

  pause(): void {
    this.#membership.slots(0);
  }

  resume(): void {
    if (this.#closing === undefined) this.#membership.slots(this.#slots);
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  joined(): void {
    this.#options.joined?.();
  }

  hand(ref: Ref): void {
    const abort = createAbort();
    this.#running.set(ref, abort);
    void this.#attempt(ref, abort);
  }

  lost(ref: Ref): void {
    for (const [own, abort] of this.#running) {
      if (own.channelId !== ref.channelId || own.offset !== ref.offset || own.attempt !== ref.attempt) continue;
      this.#ended(own);
      abort.abort(tooLate());
    }
  }

  failed(error: BusError): void {
    this.#failure = error;
    this.#options.failed?.(error);
    for (const [ref, abort] of this.#running) {
      this.#ended(ref);
      abort.abort(error);
    }
  }

  #abort(): Promise<void> {
    for (const abort of this.#running.values()) abort.abort();
    return this.close();
  }

  async #drain(): Promise<void> {
    for (const forget of this.#forget) forget();
    this.#membership.slots(0);
    if (this.#running.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#membership.leave();
  }

  async #attempt(ref: Ref, abort: Abort): Promise<void> {
    const outcome = await this.#outcome(ref, abort).catch((error: unknown) => failure(error));
    try {
      if (!this.#running.has(ref)) throw this.#failure ?? tooLate();
      await this.#membership.settle(ref, outcome);
    } catch (error) {
      // A handler that returned after its lease: another member has the message now, and this is worth knowing.
      if (isBusError(error) && error.code === 'LEASE_LOST') this.#inside.events.emit('error', error);
    }
    this.#ended(ref);
  }

  /** Not in hand any more. */
  #ended(ref: Ref): void {
    this.#running.delete(ref);
    if (this.#running.size === 0) this.#finished();
  }

  #finished(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #outcome(ref: Ref, abort: Abort): Promise<Outcome> {
    const block = await this.#block(ref);
    if (block === undefined) return done;
    if (block.header.kind === 'control') {
      await this.#options.control?.(controlOf(block));
      return done;
    }
    const { messages, unfit } = this.#inside.read(block, block.offset);
    const misfit = unfit.get(ref.offset);
    if (misfit !== undefined) return { kind: 'failed', reason: misfit, dead: true };
    const message = messages.find(({ offset }) => offset === ref.offset);
    if (message === undefined || !this.#isWanted(block, message)) return done;
    return this.#handle(message, ref, abort);
  }

  /** All at once what the filter leaves out of a block. */
  #passOver(block: StoredBlock, asked: number): void {
    const { messages } = this.#inside.read(block, block.offset);
    const left = messages.filter((message) => message.offset > asked && !this.#isWanted(block, message));
    const offsets = left.map(({ offset }) => offset);
    if (offsets.length > 0) this.#membership.passOver(block.header.channelId, block.logId, offsets);
  }

  #isWanted({ header: { expiresAt } }: StoredBlock, message: Message): boolean {
    const { filter } = this.#options;
    if (expiresAt !== undefined && expiresAt <= this.#inside.platform.now()) return false;
    return filter === undefined || passes(filter, message);
  }

  async #handle(message: Message, ref: Ref, abort: Abort): Promise<Outcome> {
    const context: DeliveryContext = {
      send: (input, more) => this.#inside.send(input, more),
      authorId: this.#inside.author.id,
      name: this.#options.name ?? this.#options.group,
      signal: () => abort.signal,
    };
    try {
      await this.#handler(message, new MessageAttempt(context, message, ref, this.#membership));
      return done;
    } catch (error) {
      this.#inside.events.emit('handlerError', { message, error });
      return failure(error);
    }
  }

  #block(ref: Ref): Promise<StoredBlock | undefined> {
    const fetched = this.#fetching.then(() => this.#fetch(ref));
    this.#fetching = fetched.catch(() => undefined);
    return fetched;
  }

  async #fetch({ channelId, logId, offset }: Ref): Promise<StoredBlock | undefined> {
    const holds = (block: StoredBlock): boolean =>
      block.header.channelId === channelId &&
      block.logId === logId &&
      firstOffset(block) <= offset &&
      offset <= block.offset;
    const known = this.#blocks.find(holds);
    if (known !== undefined) return known;
    const [block] = (await this.#inside.host.page(channelId, offset - 1, 1)).blocks;
    if (block === undefined || !holds(block)) return undefined;
    this.#blocks = [block, ...this.#blocks.slice(0, keptBlocks - 1)];
    this.#passOver(block, offset);
    return block;
  }
}

function tooLate(): BusError {
  return busError('LEASE_LOST', 'The attempt took longer than its lease.');
}

function failure(error: unknown): Outcome {
  return { kind: 'failed', reason: describe(error).slice(0, 1000), dead: false };
}
