// The log that lives as long as its process. Blocks stay as they come: what never left the process was never encoded.

import { firstOffset, sizeOf } from './block.ts';
import type { StoredBlock } from './block.ts';
import { emptyChannel, headOf, Ledger } from './ledger.ts';
import type { ChannelRecord } from './ledger.ts';
import type { Append, ChannelHead, Log, Page, Records, Verdict } from './log.ts';
import { indexAfter, indexOf, pageOf } from './pages.ts';
import { randomName, systemPlatform } from './platform.ts';
import type { Platform } from './platform.ts';

interface Channel {
  readonly record: ChannelRecord;
  readonly blocks: StoredBlock[];
}

export class MemoryLog implements Log {
  readonly kind = 'memory';
  readonly encoded = false;
  readonly storeId: string;
  readonly #ledger: Ledger;
  readonly #channels = new Map<string, Channel>();
  readonly #followers = new Set<(blocks: readonly StoredBlock[]) => void>();
  readonly #records = new Map<string, unknown>();

  constructor(platform: Platform = systemPlatform) {
    this.storeId = randomName(platform);
    this.#ledger = new Ledger(this.storeId, platform);
  }

  append(entries: readonly Append[]): Promise<readonly Verdict[]> {
    const appended: StoredBlock[] = [];
    const verdicts = entries.map((entry) => {
      const channel = this.#channel(entry.block.header.channelId);
      const { verdict, block } = this.#ledger.place(channel.record, entry);
      if (verdict.kind === 'stored') this.#save(entry.records ?? []);
      if (block !== undefined) {
        channel.blocks.push(block);
        appended.push(block);
      }
      return verdict;
    });
    if (appended.length > 0) for (const follower of this.#followers) follower(appended);
    return Promise.resolve(verdicts);
  }

  read(channelId: string, after: number, limit: number): Promise<Page> {
    const channel = this.#channels.get(channelId);
    const blocks = channel === undefined ? [] : pageOf(channel.blocks, indexAfter(channel.blocks, after), limit);
    return Promise.resolve({ ...headOf(channel?.record), blocks });
  }

  head(channelId: string): Promise<ChannelHead> {
    return Promise.resolve(headOf(this.#channels.get(channelId)?.record));
  }

  channels(): Promise<readonly string[]> {
    return Promise.resolve([...this.#channels].filter(([, { record }]) => record.logId !== '').map(([name]) => name));
  }

  follow(listener: (blocks: readonly StoredBlock[]) => void): () => void {
    this.#followers.add(listener);
    return () => void this.#followers.delete(listener);
  }

  records(prefix: string): Promise<ReadonlyMap<string, unknown>> {
    return Promise.resolve(new Map([...this.#records].filter(([name]) => name.startsWith(prefix))));
  }

  save(records: Records): Promise<void> {
    this.#save(records);
    return Promise.resolve();
  }

  forget(clientId: string): void {
    this.#ledger.clients.delete(clientId);
  }

  trim(channelId: string, upTo: number): Promise<void> {
    const channel = this.#channels.get(channelId);
    if (channel === undefined) return Promise.resolve();
    const gone = channel.blocks.splice(0, indexAfter(channel.blocks, upTo));
    for (const block of gone) {
      channel.record.bytes -= sizeOf(block);
      for (const key of block.header.keys ?? []) channel.record.keys.delete(key);
    }
    const next = channel.blocks[0];
    channel.record.first = next === undefined ? channel.record.head + 1 : firstOffset(next);
    return Promise.resolve();
  }

  replace(block: StoredBlock): Promise<void> {
    const channel = this.#channels.get(block.header.channelId);
    const at = channel === undefined ? -1 : indexOf(channel.blocks, block);
    if (channel === undefined || at < 0) return Promise.resolve();
    channel.record.bytes += sizeOf(block) - sizeOf(channel.blocks[at] as StoredBlock);
    channel.blocks[at] = block;
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#followers.clear();
    return Promise.resolve();
  }

  #save(records: Records): void {
    for (const [name, value] of records) {
      if (value === undefined) this.#records.delete(name);
      else this.#records.set(name, value);
    }
  }

  #channel(channelId: string): Channel {
    let channel = this.#channels.get(channelId);
    if (channel === undefined) this.#channels.set(channelId, (channel = { record: emptyChannel(), blocks: [] }));
    return channel;
  }
}
