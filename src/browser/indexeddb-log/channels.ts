// The channels that the log has in memory, and the reading of those that it has not.

import { isIdentified } from '../../core/ledger.ts';
import type { Append } from '../../core/log.ts';
import { loadChannel } from './channel-state.ts';
import type { ChannelState } from './channel-state.ts';
import type { ChannelRow, Database, Reading } from './database.ts';

export class Channels {
  readonly #database: Database;
  readonly #loaded = new Map<string, ChannelState>();
  readonly #loading = new Map<string, Promise<ChannelState>>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** One that was loaded before. */
  get(channelId: string): ChannelState {
    return this.#loaded.get(channelId) as ChannelState;
  }

  all(): Iterable<readonly [channelId: string, channel: ChannelState]> {
    return this.#loaded;
  }

  *rows(): Generator<readonly [channelId: string, row: ChannelRow]> {
    for (const [channelId, channel] of this.#loaded) if (channel.record.logId !== '') yield [channelId, channel.row];
  }

  load(channelId: string): Promise<ChannelState> {
    const channel = this.#loaded.get(channelId);
    if (channel !== undefined) return Promise.resolve(channel);
    let loading = this.#loading.get(channelId);
    if (loading === undefined) {
      loading = loadChannel(this.#database, channelId).finally(() => this.#loading.delete(channelId));
      loading.then((loaded) => this.#loaded.set(channelId, loaded)).catch(() => undefined);
      this.#loading.set(channelId, loading);
    }
    return loading;
  }

  /** Whether something must be read before these can be placed: usually not, and then they are written in this turn. */
  lacks(entries: readonly Append[]): boolean {
    return entries.some((entry) => this.#isMissing(entry));
  }

  /** Reads what these need to be placed, keys and producers in one transaction. */
  async prepare(entries: readonly Append[]): Promise<void> {
    await Promise.all(entries.map(({ block }) => this.load(block.header.channelId)));
    await this.#database.read(['keys', 'producers'], (transaction) => this.#read(transaction, entries));
  }

  async #read(transaction: Reading<'keys' | 'producers'>, entries: readonly Append[]): Promise<void> {
    const keys = transaction.objectStore('keys');
    const producers = transaction.objectStore('producers');
    const loadKey = async (channelId: string, key: string): Promise<void> => {
      const offset = await keys.get([channelId, key]);
      if (offset !== undefined) this.get(channelId).record.keys.set(key, offset);
    };
    const loadProducer = async (channelId: string, producerId: string): Promise<void> => {
      const state = await producers.get([channelId, producerId]);
      if (state !== undefined) this.get(channelId).record.producers.set(producerId, state);
    };
    await Promise.all(
      entries.flatMap(({ block }) => {
        const { channelId, keys: own = [] } = block.header;
        const loads = own.map((key) => loadKey(channelId, key));
        return isIdentified(block) ? [...loads, loadProducer(channelId, block.header.producerId)] : loads;
      }),
    );
  }

  #isMissing({ block }: Append): boolean {
    const { channelId, keys } = block.header;
    const channel = this.#loaded.get(channelId);
    if (channel === undefined || keys !== undefined) return true;
    return isIdentified(block) && !channel.record.producers.has(block.header.producerId);
  }
}
