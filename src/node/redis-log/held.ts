// What this process knows to be in the log, for a while: if Redis is set back (an older copy is restored, or a replica that had
// not got all takes over), it is put in its place again.

import { sizeOf } from '../../core/block.ts';
import type { StoredBlock } from '../../core/block.ts';

/** How long it is held, in milliseconds, and how much of it at most. */
const longest = 60_000;
const mostBytes = 32 * 1024 * 1024;
/** What a block takes besides its body. */
const extra = 500;

/** What was told at once. */
interface Item {
  readonly blocks: readonly StoredBlock[];
  readonly bytes: number;
  readonly until: number;
}

const nothing: Item = { blocks: [], bytes: 0, until: 0 };

export class Held {
  readonly #now: () => number;
  #items: Item[] = [];
  /** The first of the items that is still held. */
  #first = 0;
  #bytes = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add(blocks: readonly StoredBlock[]): void {
    let bytes = 0;
    for (const block of blocks) bytes += sizeOf(block) + extra;
    this.#items.push({ blocks, bytes, until: this.#now() + longest });
    this.#bytes += bytes;
    this.#prune();
  }

  /** By channel, each in its order. */
  get blocks(): ReadonlyMap<string, readonly StoredBlock[]> {
    this.#prune();
    const found = new Map<string, StoredBlock[]>();
    for (const block of this.#items.slice(this.#first).flatMap(({ blocks }) => blocks)) {
      const { channelId } = block.header;
      const had = found.get(channelId);
      if (had === undefined) found.set(channelId, [block]);
      else had.push(block);
    }
    return found;
  }

  #prune(): void {
    const now = this.#now();
    for (let item; (item = this.#items[this.#first]) !== undefined; this.#first += 1) {
      if (this.#bytes <= mostBytes && item.until > now) break;
      this.#bytes -= item.bytes;
      // Its place is given back later, what it held at once.
      this.#items[this.#first] = nothing;
    }
    if (this.#first < 1024 || this.#first < this.#items.length / 2) return;
    this.#items = this.#items.slice(this.#first);
    this.#first = 0;
  }
}
