// What the tests of the core share: time and chance of their own, a log whose blocks come encoded, a host that tells
// nothing before it is asked to.
import type { Block, Log, Member, Message, MessageBus, Platform, Store, SubscribeOptions } from 'busline/core';
import { MemoryLog } from 'busline/core';
import type { Host, Membership, ReadRequest, Receipt, Sink } from '../../src/core/host.ts';
import { Events } from '../../src/core/events.ts';
import { Cell, Watched } from '../../src/core/store.ts';
import type { InnerSendOptions, Will } from '../../src/core/will.ts';
import type { Testament } from '../../src/core/wills.ts';

export const epoch = 1_800_000_000_000;

export interface TestPlatform extends Platform {
  /** What the clock on the wall says: whoever sets it lets it jump, and no time passes. */
  time: number;
  /** Lets time pass, by all clocks, and runs the timers that are due. */
  advance(ms: number): void;
  readonly timers: ReadonlySet<unknown>;
}

/** A platform whose clock stands until it is moved, and whose chance is the same in every run. */
export function testPlatform(seed = 1): TestPlatform {
  let state = seed;
  let elapsed = 0;
  const timers = new Set<{ readonly due: number; readonly task: () => void }>();
  return {
    time: epoch,
    timers,
    now() {
      return this.time;
    },
    elapsed: () => elapsed,
    random(bytes) {
      for (let at = 0; at < bytes.length; at++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        bytes[at] = state >>> 24;
      }
    },
    defer: (task) => queueMicrotask(task),
    timer(ms, task) {
      const timer = { due: elapsed + ms, task };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(ms) {
      this.time += ms;
      elapsed += ms;
      const due = [...timers].filter((timer) => timer.due <= elapsed);
      for (const timer of due) if (timers.delete(timer)) timer.task();
    },
  };
}

/** Lets everything happen that is not waiting for time or for somebody. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits for what is bound to happen. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await quiet();
}

/** How many readers a bus has, with those of the machinery behind its verbs. */
export async function readers(bus: Pick<MessageBus, 'admin'>): Promise<number> {
  return (await bus.admin.stats())['readers'] ?? 0;
}

/** A memory log for blocks as they are on the way to other processes. */
export function encodedLog(platform?: Platform): MemoryLog {
  const log = new MemoryLog(platform);
  Object.defineProperty(log, 'encoded', { value: true });
  return log;
}

/** A log whose calls can be replaced one by one. */
export function wrapped(log: Log, changes: Partial<Log>): Log {
  return {
    kind: log.kind,
    encoded: log.encoded,
    storeId: log.storeId,
    append: (entries) => log.append(entries),
    read: (channelId, after, limit) => log.read(channelId, after, limit),
    head: (channelId) => log.head(channelId),
    channels: () => log.channels(),
    follow: (listener) => log.follow(listener),
    records: (prefix) => log.records(prefix),
    save: (records) => log.save(records),
    forget: (clientId) => log.forget(clientId),
    trim: (channelId, upTo) => log.trim(channelId, upTo),
    replace: (block) => log.replace(block),
    close: () => log.close(),
    ...changes,
  };
}

export interface Pushed {
  readonly block: Block;
  readonly ack: string;
  readonly testament: Testament | undefined;
  settle(receipt?: Partial<Receipt>): void;
  fail(error: unknown): void;
}

/** Sends a type of the bus's own, as its machinery does, and whoever pretends to be it. */
export const inner: InnerSendOptions = { inner: true };

/** A host that stores nothing until the test says so. */
export class HeldHost implements Host {
  encoded = false;
  readonly status = new Cell({
    host: 'process' as const,
    why: 'A test.',
    tabs: 1,
    durability: 'memory' as const,
    outbox: 0,
    sync: 'off' as const,
  });
  readonly events = new Events();
  readonly pushed: Pushed[] = [];
  readonly casts: Block[] = [];
  readonly wills: Will[] = [];
  readonly opened: { readonly request: ReadRequest; readonly sink: Sink; credit: number; closed: number }[] = [];
  page: Host['page'] = () => Promise.resolve({ logId: 'log', first: 1, head: 0, bytes: 0, blocks: [] });
  closed = false;
  #offset = 0;

  push(block: Block, ack: string, testament?: Testament): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      const settle = (receipt: Partial<Receipt> = {}): void => {
        this.#offset += block.header.count;
        resolve({ logId: 'log', offset: this.#offset, known: false, ...receipt });
      };
      this.pushed.push({ block, ack, testament, settle, fail: reject });
    });
  }

  setWill(will: Will): void {
    this.wills.push(will);
  }

  cast(block: Block): void {
    this.casts.push(block);
  }

  open(request: ReadRequest, sink: Sink): { credit(weight: number): void; close(): void } {
    const reader = { request, sink, credit: 0, closed: 0 };
    this.opened.push(reader);
    return {
      credit: (weight) => void (reader.credit += weight),
      close: () => void (reader.closed += 1),
    };
  }

  channels(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }

  join(): Membership {
    const none = (): Promise<void> => Promise.resolve();
    return { settle: none, passOver: () => undefined, extend: none, slots: () => undefined, leave: () => undefined };
  }

  onDeadLetter(): () => void {
    return () => undefined;
  }

  presence(): Store<readonly Member[]> {
    return new Watched<readonly Member[]>([]);
  }

  setPresence(): void {
    // Nobody is told.
  }

  admin(): Promise<never> {
    return Promise.reject(new Error('no admin'));
  }

  erase(): Promise<void> {
    return Promise.resolve();
  }

  clear(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

/** What a subscription hears, as it comes. */
export function heard(bus: MessageBus, channel: string, options?: SubscribeOptions): Message[] {
  const messages: Message[] = [];
  bus.subscribe(channel, (message) => void messages.push(message), options);
  return messages;
}

export const contents = (messages: readonly Message[]): unknown[] => messages.map(({ content }) => content);

/** The error a promise is rejected with, or that a function throws. */
export async function failure(action: Promise<unknown> | (() => unknown)): Promise<Record<string, unknown>> {
  try {
    await (typeof action === 'function' ? action() : action);
  } catch (error) {
    return error as Record<string, unknown>;
  }
  throw new Error('nothing failed');
}

/** Sends numbers to a channel, all in one turn: they lie in one block. */
export function sendBlock(bus: MessageBus, channelId: string, values: readonly unknown[]): Promise<readonly Message[]> {
  return Promise.all(values.map((content) => bus.send({ channelId, content })));
}

export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);
