// Members of groups whose handlers end when the test says so.
import { MessageBusCore } from 'busline/core';
import type { Attempt, ConsumeOptions, Consumer, CoreOptions, Log, Message, MessageBus } from 'busline/core';
import { quiet, testPlatform } from './support.ts';
import type { TestPlatform } from './support.ts';

export interface Call {
  readonly message: Message;
  readonly content: unknown;
  readonly attempt: Attempt;
  end(): void;
  fail(why?: string): void;
}

export interface Worker {
  readonly consumer: Consumer;
  readonly calls: Call[];
  /** What it was called with, as `content attempt`. */
  readonly told: () => string[];
}

/** A member whose handler waits until `end` or `fail` of its call. */
export function worker(bus: MessageBus, options: Partial<ConsumeOptions> = {}, channel = 'work'): Worker {
  const calls: Call[] = [];
  const consumer = bus.consume(channel, { group: 'w', ...options }, (message, attempt) => {
    return new Promise<void>((resolve, reject) => {
      const fail = (why = 'no'): void => reject(new Error(why));
      calls.push({ message, content: message.content, attempt, end: resolve, fail });
    });
  });
  return { consumer, calls, told: () => calls.map(({ content, attempt }) => `${String(content)} ${attempt.attempt}`) };
}

/** A member that handles all at once. */
export function doer(bus: MessageBus, options: Partial<ConsumeOptions> = {}, channel = 'work'): unknown[] {
  const done: unknown[] = [];
  bus.consume(channel, { group: 'w', ...options }, ({ content }) => void done.push(content));
  return done;
}

export interface Workplace {
  readonly platform: TestPlatform;
  readonly bus: MessageBus;
  /** Moves the clock, and lets what follows happen. */
  after(ms: number): Promise<void>;
}

export function workplace(options: Omit<CoreOptions, 'platform'> = {}): Workplace {
  const platform = testPlatform();
  const bus = new MessageBusCore({ ...options, platform });
  const after = async (ms: number): Promise<void> => {
    platform.advance(ms);
    await quiet();
  };
  return { platform, bus, after };
}

/** What is on record of a group and its channel: how far it is, and how much is under way. */
export async function onRecord(
  log: Log,
  group = 'w',
  channelId = 'work',
): Promise<Record<string, unknown> | undefined> {
  const record = (await log.records('group:')).get(`group:${group}\u0000${channelId}`);
  return record as Record<string, unknown> | undefined;
}
