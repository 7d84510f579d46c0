// What the log holds, in memory: all of it, for there is never more than localStorage holds. Nothing here touches the disk.

import { advanced, newProducer } from '../../core/append-rule.ts';
import { firstOffset, sizeOf } from '../../core/block.ts';
import type { StoredBlock } from '../../core/block.ts';
import { emptyChannel, Ledger } from '../../core/ledger.ts';
import type { ChannelRecord } from '../../core/ledger.ts';
import type { Append, Records } from '../../core/log.ts';
import { indexAfter, indexOf } from '../../core/pages.ts';
import type { Platform } from '../../core/platform.ts';
import type { Change, Commit, RecordRow } from './commit.ts';
import { channelRow, Proposal } from './proposal.ts';

export interface Channel {
  readonly record: ChannelRecord;
  readonly blocks: StoredBlock[];
}

export class State {
  readonly storeId: string;
  readonly channels: Map<string, Channel> = new Map();
  readonly records: Map<string, unknown> = new Map();
  readonly #ledger: Ledger;

  constructor(storeId: string, platform: Platform) {
    this.storeId = storeId;
    this.#ledger = new Ledger(storeId, platform);
  }

  /** Gives offsets to the entries. Readers see nothing of them before they are settled. */
  propose(entries: readonly Append[], records: Records): Proposal {
    return new Proposal(this.storeId, this.#ledger, entries, records, (channelId) => this.#channel(channelId).record);
  }

  /** What was proposed is on disk: readers may see it. */
  settle({ records = [], blocks = [] }: Commit): void {
    this.#save(records);
    for (const block of blocks) this.#channel(block.header.channelId).blocks.push(block);
  }

  /** What a commit that was read from disk did. */
  apply({ channels = [], producers = [], pushes = [], records = [] }: Change): void {
    for (const [channelId, logId, head, own] of channels)
      Object.assign(this.#channel(channelId).record, { logId, head, own });
    for (const [channelId, producerId, sequence, blockId, offset] of producers) {
      const known = this.#channel(channelId).record.producers;
      known.set(producerId, advanced(known.get(producerId) ?? newProducer, { producerId, sequence, blockId }, offset));
    }
    for (const [clientId, n, logId, offset] of pushes) this.#ledger.remember(clientId, n, { logId, offset });
    this.#save(records);
  }

  /** All that is kept of the messages, as it was read from disk. Throws if it does not reach up to the heads. */
  fill(blocks: readonly StoredBlock[]): void {
    for (const block of blocks) {
      const channel = this.#channel(block.header.channelId);
      const last = channel.blocks.at(-1);
      if (block.logId !== channel.record.logId || (last !== undefined && last.offset + 1 !== firstOffset(block)))
        throw new Error(`messages before ${block.offset} of channel "${block.header.channelId}" are missing`);
      channel.blocks.push(block);
      channel.record.bytes += sizeOf(block);
      for (const key of block.header.keys ?? []) channel.record.keys.set(key, block.offset);
    }
    for (const [channelId, { record, blocks: kept }] of this.channels) {
      const [first] = kept;
      record.first = first === undefined ? record.head + 1 : firstOffset(first);
      if ((kept.at(-1)?.offset ?? record.head) !== record.head)
        throw new Error(`the last messages of channel "${channelId}" are missing`);
    }
  }

  /** All of it but the messages. */
  get all(): Change {
    const channels = [...this.channels].filter(([, { record }]) => record.logId !== '');
    return {
      channels: channels.map(([channelId, { record }]) => channelRow(channelId, record)),
      producers: channels.flatMap(([channelId, { record }]) =>
        [...record.producers].flatMap(([producerId, { sequence, recent }]) =>
          recent.map(([blockId, offset]) => [channelId, producerId, sequence, blockId, offset] as const),
        ),
      ),
      pushes: [...this.#ledger.clients].flatMap(([clientId, { places }]) =>
        [...places].map(([n, { logId, offset }]) => [clientId, n, logId, offset] as const),
      ),
      records: [...this.records],
    };
  }

  keepClients(isAlive: (clientId: string) => boolean): void {
    for (const clientId of this.#ledger.clients.keys()) if (!isAlive(clientId)) this.forget(clientId);
  }

  forget(clientId: string): void {
    this.#ledger.clients.delete(clientId);
  }

  trim(channelId: string, upTo: number): void {
    const { record, blocks } = this.#channel(channelId);
    for (const block of blocks.splice(0, indexAfter(blocks, upTo))) {
      record.bytes -= sizeOf(block);
      for (const key of block.header.keys ?? []) record.keys.delete(key);
    }
    const [next] = blocks;
    record.first = next === undefined ? record.head + 1 : firstOffset(next);
  }

  /** The block that stands where this one stands, and is the same but for its body. */
  find(block: StoredBlock): StoredBlock | undefined {
    const blocks = this.channels.get(block.header.channelId)?.blocks ?? [];
    return blocks[indexOf(blocks, block)];
  }

  replace(block: StoredBlock): void {
    const { record, blocks } = this.#channel(block.header.channelId);
    const at = indexOf(blocks, block);
    record.bytes += sizeOf(block) - sizeOf(blocks[at] as StoredBlock);
    blocks[at] = block;
  }

  #save(rows: readonly RecordRow[]): void {
    for (const [name, value] of rows) {
      if (value === undefined) this.records.delete(name);
      else this.records.set(name, value);
    }
  }

  #channel(channelId: string): Channel {
    let channel = this.channels.get(channelId);
    if (channel === undefined) this.channels.set(channelId, (channel = { record: emptyChannel(), blocks: [] }));
    return channel;
  }
}
