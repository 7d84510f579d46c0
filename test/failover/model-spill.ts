// The files of one machine, as each of its processes has them. A write may fail and lie there all the same.

import type { StoredBlock } from '../../src/core/block.ts';
import type { GroupKeeper, SharedLog } from '../../src/core/group-keeper.ts';
import type { Append, ChannelHead, Page, Records, Verdict } from '../../src/core/log.ts';
import type { Chance } from './chance.ts';
import { ModelChannel } from './model-log.ts';

export class ModelFolder {
  readonly processes = new Set<ModelSpill>();
  readonly channels = new Map<string, ModelChannel>();
  readonly records = new Map<string, unknown>();

  channel(channelId: string): ModelChannel {
    let channel = this.channels.get(channelId);
    if (channel === undefined) this.channels.set(channelId, (channel = new ModelChannel(`spill-${channelId}`)));
    return channel;
  }
}

export class ModelSpill implements SharedLog {
  readonly kind = 'model';
  readonly encoded = false;
  readonly storeId: string;
  readonly #folder: ModelFolder;
  readonly #chance: Chance;
  readonly #followers = new Set<(blocks: readonly StoredBlock[]) => void>();
  readonly #cursors = new Map<string, number>();
  #failures = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #isDead = false;

  constructor(folder: ModelFolder, chance: Chance, storeId: string) {
    this.#folder = folder;
    this.#chance = chance;
    this.storeId = storeId;
    for (const [name, { head }] of folder.channels) this.#cursors.set(name, head);
    folder.processes.add(this);
  }

  /** The next write does not answer: it lies there, or it does not. */
  failOnce(): void {
    this.#failures += 1;
  }

  die(): void {
    this.#isDead = true;
    this.#followers.clear();
    this.#folder.processes.delete(this);
  }

  append(entries: readonly Append[]): Promise<readonly Verdict[]> {
    const appended = this.#queue.then(async () => {
      await this.#chance.turn();
      if (this.#isDead) return new Promise<never>(() => undefined);
      const fails = this.#failures > 0;
      if (fails) this.#failures -= 1;
      if (fails && this.#chance.isSo(0.5)) throw new Error('not written');
      const { now } = this.#chance;
      const verdicts = entries.map((entry) => this.#folder.channel(entry.block.header.channelId).append(entry, now));
      for (const process of this.#folder.processes) if (process !== this) void process.rang();
      if (fails) throw new Error('written in part');
      await this.rang();
      return verdicts;
    });
    this.#queue = appended.catch(() => undefined);
    return appended;
  }

  async rang(): Promise<void> {
    await this.#chance.turn();
    if (this.#isDead) return;
    for (const [name, channel] of this.#folder.channels) {
      const blocks = channel.after(this.#cursors.get(name) ?? 0);
      if (blocks.length === 0) continue;
      this.#cursors.set(name, (blocks.at(-1) as StoredBlock).offset);
      for (const follower of this.#followers) follower(blocks);
    }
  }

  async head(channelId: string): Promise<ChannelHead> {
    await this.#chance.turn();
    return this.#folder.channel(channelId).at;
  }

  async read(channelId: string, after: number, _limit: number): Promise<Page> {
    await this.#chance.turn();
    const channel = this.#folder.channel(channelId);
    return { ...channel.at, blocks: channel.after(after).slice(0, 4) };
  }

  channels(): Promise<readonly string[]> {
    return Promise.resolve([...this.#folder.channels.keys()]);
  }

  follow(listener: (blocks: readonly StoredBlock[]) => void): () => void {
    this.#followers.add(listener);
    return () => void this.#followers.delete(listener);
  }

  async records(prefix: string): Promise<ReadonlyMap<string, unknown>> {
    await this.#chance.turn();
    return new Map([...this.#folder.records].filter(([name]) => name.startsWith(prefix)));
  }

  async save(records: Records): Promise<void> {
    await this.#chance.turn();
    if (!this.#isDead) for (const [name, value] of records) this.#folder.records.set(name, value);
  }

  async trim(channelId: string, upTo: number): Promise<void> {
    await this.#chance.turn();
    const channel = this.#folder.channel(channelId);
    channel.blocks = channel.blocks.filter((block) => block.offset > upTo);
    channel.first = Math.max(channel.first, upTo + 1);
  }

  groups(): GroupKeeper {
    throw new Error('not here');
  }

  isGone = (): Promise<boolean> => Promise.resolve(false);
  onGone = (): void => undefined;
  forget = (): void => undefined;
  replace = (): Promise<void> => Promise.resolve();
  close = (): Promise<void> => Promise.resolve();
}
