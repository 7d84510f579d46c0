// UUIDv7 from a pool: 48 bits of time, 12 bits that break ties between senders, 14 random bits, and a 48-bit counter that
// starts at random each millisecond. Consecutive ids differ by one in the counter, so a block names only its first.

import type { Platform } from './platform.ts';

/** An id further ahead of the clock than this is stored but not followed: one wild clock must not drag the others along. */
const followed = 60_000;
const poolBytes = 2048;
const hex3: readonly string[] = Array.from({ length: 4096 }, (_, n) => n.toString(16).padStart(3, '0'));
const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const prefixLength = 24;

/** A run of consecutive ids, set aside for one block. It stays good until an id newer than these is seen. */
export class IdRange {
  readonly #prefix: string;
  readonly #start: number;
  /** All but the last three digits, which few ids of a run change. */
  #page = -1;
  #pageText = '';

  constructor(prefix: string, start: number) {
    this.#prefix = prefix;
    this.#start = start;
  }

  at(index: number): string {
    const counter = this.#start + index;
    const page = Math.floor(counter / 4096);
    if (page !== this.#page) {
      this.#page = page;
      this.#pageText = this.#prefix + page.toString(16).padStart(9, '0');
    }
    return this.#pageText + (hex3[counter % 4096] as string);
  }
}

export function isUuid7(id: string): boolean {
  return uuid7.test(id);
}

/** Milliseconds since the epoch in a UUIDv7. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** The run that `firstId` begins: what a receiver derives a block's ids from. */
export function rangeFrom(firstId: string): IdRange {
  return new IdRange(firstId.slice(0, prefixLength), Number.parseInt(firstId.slice(prefixLength), 16));
}

export class IdSource {
  readonly #platform: Platform;
  readonly #pool = new Uint8Array(poolBytes);
  #poolAt = poolBytes;
  #ms = 0;
  #prefix = '00000000-0000-7000-8000-';
  #counter = 0;
  #seen = '';

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** The newest id seen, unless its clock was wild: what is older no longer sorts last. */
  get seen(): string {
    return this.#seen;
  }

  next(): string {
    return this.range(1).at(0);
  }

  range(count: number): IdRange {
    const now = this.#platform.now();
    if (now > this.#ms) this.#start(now, undefined);
    const start = this.#counter;
    this.#counter += count;
    return new IdRange(this.#prefix, start);
  }

  /** Later ids sort after this one, unless its clock is wild. */
  observe(id: string): void {
    if (id <= this.#seen || !isUuid7(id)) return;
    const ms = timeOfId(id);
    if (ms > this.#platform.now() + followed) return;
    this.#seen = id;
    if (id <= `${this.#prefix}g`) return;
    const tie = Number.parseInt(id.slice(15, 18), 16) + 1;
    this.#start(tie > 4095 ? ms + 1 : ms, tie > 4095 ? 0 : tie);
  }

  #start(ms: number, tie: number | undefined): void {
    if (this.#poolAt === poolBytes) {
      this.#platform.random(this.#pool);
      this.#poolAt = 0;
    }
    const bytes = this.#pool.subarray(this.#poolAt, (this.#poolAt += 8));
    const word = (at: number) => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    const time = ms.toString(16).padStart(12, '0');
    const tieText = hex3[tie ?? word(0) & 2047] as string;
    const variant = (0x8000 | (word(2) & 0x3fff)).toString(16);
    this.#ms = ms;
    this.#prefix = `${time.slice(0, 8)}-${time.slice(8)}-7${tieText}-${variant}-`;
    this.#counter = (word(4) & 0x7fff) * 2 ** 32 + word(6) * 2 ** 16;
  }
}
