// Keeps each channel within its limits, on any log. Old blocks go as a whole, so a little more than the limit may stay.

import { sizeOf } from './block.ts';
import type { StoredBlock } from './block.ts';
import type { Log } from './log.ts';
import type { Platform } from './platform.ts';

/**
 * Limits for each channel: messages, milliseconds, bytes. What is not given is not limited. `age` is counted from the date of
 * the append: a clock that is set an hour forwards drops an hour too much, one that is set back drops nothing for an hour.
 */
export interface RetentionOptions {
  readonly count?: number;
  readonly age?: number;
  readonly bytes?: number;
}

/** How long after an append the limits are looked at: many appends are one look. */
const settle = 1000;
const pageMessages = 1024;

export class Retention {
  readonly #log: Log;
  readonly #limits: RetentionOptions;
  readonly #platform: Platform;
  readonly #onError: (error: unknown) => void;
  /** What may go at the most: what is still to be handled stays. */
  readonly #floor: (channelId: string) => Promise<number>;
  readonly #touched = new Set<string>();
  readonly #unfollow: () => void;
  #cancel: (() => void) | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(
    log: Log,
    limits: RetentionOptions,
    platform: Platform,
    onError: (error: unknown) => void,
    floor: (channelId: string) => Promise<number> = () => Promise.resolve(Infinity),
  ) {
    this.#log = log;
    this.#floor = floor;
    this.#limits = limits;
    this.#platform = platform;
    this.#onError = onError;
    this.#unfollow = log.follow((blocks) => this.#appended(blocks));
  }

  /** Looks at one channel now. */
  async enforce(channelId: string): Promise<void> {
    const { count = Infinity, age = Infinity, bytes = Infinity } = this.#limits;
    const at = await this.#log.head(channelId);
    let upTo = Math.max(0, at.head - count);
    let excess = at.bytes - bytes;
    if (upTo < at.first && excess <= 0 && age === Infinity) return;
    const oldest = this.#platform.now() - age;
    for (let after = at.first - 1; after < at.head;) {
      const page = await this.#log.read(channelId, after, pageMessages);
      const stale = page.blocks.findIndex((block) => {
        const goes = excess > 0 || block.appendedAt < oldest || block.offset <= upTo;
        if (goes) excess -= sizeOf(block);
        return !goes;
      });
      const gone = stale < 0 ? page.blocks : page.blocks.slice(0, stale);
      const last = gone.at(-1);
      if (last === undefined) break;
      after = last.offset;
      upTo = Math.max(upTo, last.offset);
    }
    upTo = Math.min(upTo, await this.#floor(channelId));
    if (upTo >= at.first) await this.#log.trim(channelId, upTo);
  }

  /** Closes, and looks once more: a process that lives for less than a second keeps the limits, too. */
  async finish(): Promise<void> {
    this.close();
    // A log that does not answer is not waited for.
    await new Promise<void>((resolve) => {
      const giveUp = this.#platform.timer(settle, resolve);
      void this.#look().then(giveUp).then(resolve);
    });
  }

  close(): void {
    this.#unfollow();
    this.#cancel?.();
  }

  #appended(blocks: readonly StoredBlock[]): void {
    for (const block of blocks) this.#touched.add(block.header.channelId);
    this.#cancel ??= this.#platform.timer(settle, () => {
      this.#cancel = undefined;
      void this.#look();
    });
  }

  /** One look after the other. */
  #look(): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      const channels = [...this.#touched];
      this.#touched.clear();
      await Promise.all(channels.map((channelId) => this.enforce(channelId))).catch(this.#onError);
    });
    return this.#looking;
  }
}
