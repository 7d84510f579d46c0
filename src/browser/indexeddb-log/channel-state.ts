// What the log keeps in memory of a channel, loaded when the channel is first used.

import type { StoredBlock } from '../../core/block.ts';
import { emptyChannel, headOf } from '../../core/ledger.ts';
import type { ChannelRecord } from '../../core/ledger.ts';
import type { ChannelHead } from '../../core/log.ts';
import type { ChannelRow, Database } from './database.ts';
import { RecentBlocks } from './recent-blocks.ts';
import { lastOffset, sizeOfAll } from './segments.ts';

const maxPageSize = 2 * 1024 * 1024;

export class ChannelState {
  readonly record: ChannelRecord;
  /** What is on disk: readers do not see a commit that is under way. */
  committed: ChannelHead;
  readonly recent: RecentBlocks = new RecentBlocks();
  /** Segments written since the last compaction. */
  segments = 0;
  /** About how large a segment is, so that a read takes neither too many nor too few. */
  #messages = 64;
  #size = 16 * 1024;

  constructor(record: ChannelRecord) {
    this.record = record;
    this.committed = headOf(record);
  }

  get row(): ChannelRow {
    const { logId, first, head, bytes, own } = this.record;
    return { logId, first, head, bytes, own };
  }

  /** How to take back what is placed from now on. */
  checkpoint(): () => void {
    const { record, row } = this;
    const producers = new Map(record.producers);
    return () => {
      Object.assign(record, row);
      record.keys.clear();
      record.producers.clear();
      for (const [producerId, state] of producers) record.producers.set(producerId, state);
    };
  }

  /** What was placed is on disk. */
  commit(): void {
    this.committed = headOf(this.record);
    this.record.keys.clear();
    this.segments += 1;
  }

  /** How many segments make about this many messages. */
  segmentsFor(limit: number): number {
    return Math.max(1, Math.min(Math.ceil(limit / this.#messages), Math.floor(maxPageSize / this.#size), limit));
  }

  measure(segments: readonly (readonly StoredBlock[])[]): void {
    const blocks = segments.flat();
    const messages = blocks.reduce((sum, block) => sum + block.header.count, 0);
    this.#messages = Math.max(1, messages / segments.length);
    this.#size = Math.max(256, sizeOfAll(blocks) / segments.length);
  }
}

export async function loadChannel(database: Database, channelId: string): Promise<ChannelState> {
  const [row, last] = await database.read(['channels', 'segments'], (transaction) =>
    Promise.all([transaction.objectStore('channels').get(channelId), lastOffset(transaction, channelId)]),
  );
  return new ChannelState({ ...emptyChannel(), ...row, head: Math.max(row?.head ?? 0, last) });
}
