// The last blocks of a channel, as they were committed: a reader that fell a little behind, or came back after its host died,
// is served from memory and does not compete with the commits for the disk.

import { firstOffset, sizeOf } from '../../core/block.ts';
import type { StoredBlock } from '../../core/block.ts';
import { indexAfter, indexOf, pageOf } from '../../core/pages.ts';

/** A little more than a reader may be behind before it is left to catch up. */
const maxSize = 8 * 1024 * 1024;

export class RecentBlocks {
  #blocks: StoredBlock[] = [];
  #size = 0;

  add(block: StoredBlock): void {
    this.#blocks.push(block);
    this.#size += sizeOf(block);
    if (this.#size <= maxSize) return;
    // Half at a time: to drop one block with each that comes would move the whole array each time.
    const gone = this.#blocks.splice(0, Math.ceil(this.#blocks.length / 2));
    for (const old of gone) this.#size -= sizeOf(old);
  }

  replace(block: StoredBlock): void {
    const at = indexOf(this.#blocks, block);
    if (at < 0) return;
    this.#size += sizeOf(block) - sizeOf(this.#blocks[at] as StoredBlock);
    this.#blocks[at] = block;
  }

  clear(): void {
    this.#blocks = [];
    this.#size = 0;
  }

  /** A page, if it begins here; else it is to be read from disk. */
  page(after: number, limit: number): readonly StoredBlock[] | undefined {
    const first = this.#blocks[0];
    if (first === undefined || firstOffset(first) > after + 1) return undefined;
    return pageOf(this.#blocks, indexAfter(this.#blocks, after), limit);
  }
}
