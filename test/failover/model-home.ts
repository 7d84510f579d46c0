// Home, as each process has it: it comes and goes, answers get lost, and it may come back as an older copy of itself, to
// which those who live give what they still hold. That is what is promised of it; that it keeps the promise is tested there.

import { messagesOf } from '../../src/core/block.ts';
import type { StoredBlock } from '../../src/core/block.ts';
import type { GroupKeeper } from '../../src/core/group-keeper.ts';
import type { Append, ChannelHead, Page, Records, Verdict } from '../../src/core/log.ts';
import { Watched } from '../../src/core/store.ts';
import type { Home, ProducerTable } from '../../src/node/failover-log/home.ts';
import type { Chance } from './chance.ts';
import { ModelChannel } from './model-log.ts';

export class ModelServer {
  readonly #chance: Chance;
  readonly clients = new Set<ModelHome>();
  channels = new Map<string, ModelChannel>();
  isUp = true;
  /** The last offset that anybody has seen, by channel. */
  readonly seen = new Map<string, number>();
  /** What it acknowledged, and nobody holds any more; and whether one that came after it is there. */
  readonly lost = new Map<string, boolean>();

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  channel(channelId: string): ModelChannel {
    let channel = this.channels.get(channelId);
    if (channel === undefined) this.channels.set(channelId, (channel = new ModelChannel(`home-${channelId}`)));
    return channel;
  }

  append(entries: readonly Append[]): readonly Verdict[] {
    const verdicts = entries.map((entry) => this.channel(entry.block.header.channelId).append(entry, this.#chance.now));
    for (const client of this.clients) void client.rang();
    return verdicts;
  }

  copy(): ReadonlyMap<string, ModelChannel> {
    return new Map([...this.channels].map(([name, channel]) => [name, channel.copy()]));
  }

  /** Comes back as this copy; all who live are asked for what they hold. */
  restore(copy: ReadonlyMap<string, ModelChannel>): void {
    const before = this.channels;
    this.channels = new Map([...copy].map(([name, channel]) => [name, channel.copy()]));
    for (const [name, was] of before) {
      const channel = this.channel(name);
      const held = new Map<number, StoredBlock>();
      // Room is left for what only those know who are not there.
      const upTo = Math.max(channel.head, this.seen.get(name) ?? 0);
      for (const client of this.clients)
        for (const block of client.told.get(name) ?? [])
          if (block.offset > channel.head) {
            held.set(block.offset, block);
          }
      for (const block of was.after(channel.head)) {
        if (held.has(block.offset)) continue;
        const { producerId, sequence } = block.header;
        const isPassed = [...held.values()].some(
          ({ header }) => header.producerId === producerId && header.sequence > sequence,
        );
        this.lost.set(String(messagesOf(block, block.offset)[0]?.content), isPassed);
      }
      for (const offset of [...held.keys()].toSorted((a, b) => a - b)) {
        const block = held.get(offset) as StoredBlock;
        channel.blocks.push(block);
        const { producerId, sequence, blockId } = block.header;
        const state = channel.producers.get(producerId) ?? { sequence: 0, recent: [] };
        const between = sequence - state.sequence - 1;
        const gap = Array.from({ length: Math.min(32, between) }, () => ['', 0] as const);
        channel.producers.set(producerId, {
          sequence,
          recent: [...state.recent, ...gap, [blockId, offset] as const].slice(-32),
        });
      }
      channel.head = upTo;
    }
  }
}

export class ModelHome implements Home {
  readonly kind = 'model';
  readonly encoded = false;
  readonly isThere = new Watched(true);
  readonly told = new Map<string, StoredBlock[]>();
  readonly storeId: string;
  readonly #server: ModelServer;
  readonly #chance: Chance;
  readonly #followers = new Set<(blocks: readonly StoredBlock[]) => void>();
  readonly cursors = new Map<string, number>();
  /** Whether it can be reached; that is known to it only later. */
  #isCut = false;
  #isDead = false;
  #losesAnswers = 0;
  #waiting: (() => void)[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  readonly #isGone: (storeId: string) => boolean;

  constructor(server: ModelServer, chance: Chance, storeId: string, isGone: (storeId: string) => boolean) {
    this.#server = server;
    this.#chance = chance;
    this.storeId = storeId;
    this.#isGone = isGone;
    for (const [name, { head }] of server.channels) {
      this.cursors.set(name, head);
      server.seen.set(name, Math.max(server.seen.get(name) ?? 0, head));
    }
    server.clients.add(this);
  }

  cut(): void {
    this.#isCut = true;
    this.#chance.timer(this.#chance.below(50), () => this.isThere.set(this.#isReachable));
  }

  heal(): void {
    this.#isCut = false;
    this.changed();
  }

  /** The server came or went. */
  changed(): void {
    if (this.#isReachable) {
      this.#chance.timer(this.#chance.below(50), () => {
        if (!this.#isReachable) return;
        for (const wake of this.#waiting.splice(0)) wake();
        this.isThere.set(true);
        void this.rang();
      });
    } else this.#chance.timer(this.#chance.below(50), () => this.isThere.set(this.#isReachable));
  }

  /** The server was another one for a moment. */
  reconnect(): void {
    this.isThere.set(false);
    this.changed();
  }

  loseAnswer(): void {
    this.#losesAnswers += 1;
  }

  die(): void {
    this.#isDead = true;
    this.#followers.clear();
    this.#server.clients.delete(this);
  }

  append(entries: readonly Append[]): Promise<readonly Verdict[]> {
    const appended = this.#queue.then(async () => {
      for (;;) {
        await this.#reached();
        const verdicts = this.#server.append(entries);
        if (this.#losesAnswers > 0) {
          this.#losesAnswers -= 1;
          await this.#chance.turn();
          continue;
        }
        await this.#chance.turn();
        if (!this.#isReachable) continue;
        await this.rang();
        return verdicts;
      }
    });
    this.#queue = appended.catch(() => undefined);
    return appended;
  }

  async producers(channelId: string): Promise<ProducerTable> {
    await this.#reached();
    const { at, producers } = this.#server.channel(channelId);
    return { head: at, last: new Map([...producers].map(([name, { sequence }]) => [name, sequence])) };
  }

  async head(channelId: string): Promise<ChannelHead> {
    await this.#reached();
    return this.#server.channel(channelId).at;
  }

  async read(channelId: string, after: number, _limit: number): Promise<Page> {
    await this.#reached();
    const channel = this.#server.channel(channelId);
    const blocks = channel.after(after).slice(0, 4);
    this.#saw(channelId, blocks);
    return { ...channel.at, blocks };
  }

  async channels(): Promise<readonly string[]> {
    await this.#reached();
    return [...this.#server.channels].flatMap(([name, { head }]) => (head > 0 ? [name] : []));
  }

  follow(listener: (blocks: readonly StoredBlock[]) => void): () => void {
    this.#followers.add(listener);
    return () => void this.#followers.delete(listener);
  }

  /** Something was appended, by anyone. */
  async rang(): Promise<void> {
    await this.#chance.turn();
    if (!this.#isReachable) return;
    for (const [name, channel] of this.#server.channels) {
      const blocks = channel.after(this.cursors.get(name) ?? 0);
      if (blocks.length === 0) continue;
      this.cursors.set(name, (blocks.at(-1) as StoredBlock).offset);
      this.#saw(name, blocks);
      for (const follower of this.#followers) follower(blocks);
    }
  }

  isGone(clientId: string): Promise<boolean> {
    return Promise.resolve(this.#isGone(clientId.split('.', 1)[0] as string));
  }

  records(): Promise<ReadonlyMap<string, unknown>> {
    return Promise.resolve(new Map());
  }

  groups(): GroupKeeper {
    const nothing = (): Promise<readonly []> => Promise.resolve([]);
    return { gone: () => undefined, close: () => undefined, list: nothing } as unknown as GroupKeeper;
  }

  onGone = (): void => undefined;
  save = (_records: Records): Promise<void> => Promise.resolve();
  forget = (): void => undefined;
  trim = (): Promise<void> => Promise.resolve();
  replace = (): Promise<void> => Promise.resolve();
  close = (): Promise<void> => Promise.resolve();

  #saw(name: string, blocks: readonly StoredBlock[]): void {
    const told = this.told.get(name) ?? [];
    told.push(...blocks);
    this.told.set(name, told);
    this.#server.seen.set(name, Math.max(this.#server.seen.get(name) ?? 0, blocks.at(-1)?.offset ?? 0));
  }

  get #isReachable(): boolean {
    return !this.#isCut && !this.#isDead && this.#server.isUp;
  }

  async #reached(): Promise<void> {
    do {
      await this.#chance.turn();
      if (!this.#isReachable) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } while (!this.#isReachable);
  }
}
