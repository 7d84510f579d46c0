// A log that many processes share: Redis holds the blocks and gives out the offsets, in one script for each append. A
// channel is a stream whose ids are offsets; pub/sub only rings that there is more to read.

import { isBusError } from '../../core/errors.ts';
import type { GroupHome, GroupKeeper } from '../../core/group-keeper.ts';
import type { Append, ChannelHead, Page, Records, Verdict } from '../../core/log.ts';
import type { StoredBlock } from '../../core/block.ts';
import { randomName, systemPlatform } from '../../core/platform.ts';
import { Watched } from '../../core/store.ts';
import type { Home, ProducerTable } from '../failover-log/home.ts';
import type { Finding } from '../finding.ts';
import { decodedRecord, encodedRecord } from '../record-text.ts';
import { Appending, checkKinds } from './appending.ts';
import { Connection } from './connection.ts';
import { findingsOf } from './findings.ts';
import { Flushing } from './flush.ts';
import { Following } from './following.ts';
import { Held } from './held.ts';
import { catalogue, commonKinds, epochKey, keysOf, recordsKey } from './keys.ts';
import { headOf, metaOf, Pages, pairsOf } from './pages.ts';
import { beat, Processes } from './processes.ts';
import { Recovery, reportLoss } from './recovery.ts';
import type { Loss } from './recovery-part.ts';
import { RedisGroups } from './redis-groups.ts';
import { replace } from './replacing.ts';
import { trimScript } from './scripts.ts';
import { Server } from './server.ts';
import { troubleOf } from './trouble.ts';
import { Writer } from './writer.ts';

export interface RedisLogOptions {
  /**
   * `redis://` or `rediss://`, with user, password and database if there are any;
   * `redis+sentinel://user:password@host:port,host:port/name/database`, where the sentinels say which Redis is the master; or
   * `redis+cluster://user:password@host:port,host:port`, where nodes of a cluster say which one serves the slot of the bus.
   */
  readonly url: string;
  /** Milliseconds in which a command has to be answered, after which its connection is given up. Default 3000. */
  readonly deadline?: number;
  /** How often, in milliseconds, it is looked whether a bell was missed. Default 2000. */
  readonly recheck?: number;
  /**
   * Told when Redis came back with less than it had acknowledged, and no process holds it any more. Without it, the process
   * emits a warning.
   */
  readonly onLoss?: (loss: Loss) => void;
}

const openWithin = 5000;
const day = 86_400_000;
/** How long a producer is remembered that was not heard of and has nothing in the log, and how often it is looked for such. */
const forgetAfter = 30 * day;
const sweepEvery = day;
const forGroups = '\0groups';

export class RedisLog implements Home {
  readonly kind = 'redis';
  readonly encoded = true;
  /** This process, as a producer. */
  readonly storeId: string = randomName(systemPlatform);
  readonly isThere: Watched<boolean> = new Watched(false);
  readonly #connection: Connection;
  readonly #server: Server;
  readonly #pages: Pages;
  readonly #processes: Processes;
  readonly #appending: Appending;
  readonly #flushing: Flushing;
  readonly #held = new Held();
  readonly #recovery: Recovery;
  readonly #following: Following;
  readonly #writers = new Map<string, Writer>();
  /** In which channels the clients of this process have pushed. */
  readonly #pushed = new Map<string, Set<string>>();
  /** Whatever saves records does it after this. */
  #records: Promise<unknown> = Promise.resolve();
  readonly #groups = new Set<RedisGroups>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];

  /**
   * Rejects with `REDIS_AWAY` if no Redis answers, `REDIS_DENIED` if it will not have us, `REDIS_READ_ONLY` if it is a replica,
   * `FOREIGN_KEY` if something else lies under our names, and `INVALID_SETTINGS` if it is no Redis for the bus.
   */
  static async open(options: RedisLogOptions): Promise<RedisLog> {
    const log = new RedisLog(options);
    try {
      await log.#open(options);
      return log;
    } catch (error) {
      await log.close();
      throw troubleOf(error);
    }
  }

  private constructor(options: RedisLogOptions) {
    this.#connection = new Connection({
      ...options,
      onBell: (channelId, text) => {
        if (text.startsWith(this.storeId)) return;
        this.#processes.heard(text.slice(0, text.indexOf('\0')));
        if (text.endsWith(forGroups)) for (const groups of this.#groups) groups.rang(channelId);
        else this.#following.rang(channelId, text);
      },
      prepare: (ask, identity) => {
        this.#appending.startOver();
        return this.#recovery.recover(ask, identity);
      },
      onGap: () => {
        this.#check().catch(() => undefined);
        this.#processes.beat().catch(() => undefined);
        for (const groups of this.#groups) groups.resume();
      },
    });
    this.#connection.state.subscribe(() => this.isThere.set(this.#connection.state.getSnapshot() === 'up'));
    this.#server = new Server(this.#connection);
    this.#appending = new Appending(this.storeId, this.#connection, this.#server);
    this.#flushing = new Flushing(this.storeId, this.#connection, this.#server, options.deadline ?? 3000);
    this.#pages = new Pages(this.#server);
    this.#processes = new Processes(this.storeId, this.#connection, this.#server);
    this.#following = new Following(
      (channelId, after, limit) => this.#pages.read(channelId, after, limit),
      (blocks) => this.#held.add(blocks),
    );
    this.#recovery = new Recovery({
      storeId: this.storeId,
      held: this.#held,
      seen: () => this.#following.seen,
      others: () => this.#processes.known,
      lost: options.onLoss ?? reportLoss,
      again: (blockId) => this.#following.passOver(blockId),
    });
  }

  async append(entries: readonly Append[]): Promise<readonly Verdict[]> {
    return Promise.all(
      entries.map((entry) => {
        const { push, records = [] } = entry;
        const { channelId } = entry.block.header;
        if (push !== undefined)
          this.#pushed.set(push.clientId, (this.#pushed.get(push.clientId) ?? new Set()).add(channelId));
        const writer = this.#writer(channelId);
        if (records.length === 0) return writer.append(entry);
        const after = this.#records;
        const appended = writer.append(entry, after);
        this.#records = appended.catch(() => undefined);
        return appended;
      }),
    );
  }

  async read(channelId: string, after: number, limit: number): Promise<Page> {
    const page = await this.#pages.read(channelId, after, limit);
    const last = page.blocks.at(-1);
    // What a reader has must be held here, as what was told is: Redis may be set back in the next moment.
    if (last !== undefined) await this.#following.reached(channelId, page.logId, last.offset);
    return page;
  }

  head(channelId: string): Promise<ChannelHead> {
    return this.#pages.head(channelId);
  }

  producers(channelId: string, only?: readonly string[]): Promise<ProducerTable> {
    return this.#pages.producers(channelId, only);
  }

  async channels(): Promise<readonly string[]> {
    const heads = await this.#heads();
    return heads.flatMap(([name, { logId }]) => (logId === '' ? [] : [name]));
  }

  follow(listener: (blocks: readonly StoredBlock[]) => void): () => void {
    return this.#following.follow(listener);
  }

  groups(home: GroupHome): GroupKeeper {
    const groups = new RedisGroups(
      {
        storeId: this.storeId,
        now: () => this.#processes.now(),
        // What they say of the time is true of each try.
        run: (script, keys, args) => this.#server.insist(() => this.#connection.run(script, keys, args()), keys),
        command: (command) => this.#server.command(command),
        ring: (channelId) => {
          const text = `${this.storeId}${forGroups}`;
          this.#connection.command(['PUBLISH', keysOf(channelId).bell, text]).catch(() => undefined);
        },
        dead: (storeIds) => this.#processes.dead(storeIds),
      },
      home,
    );
    this.#groups.add(groups);
    return groups;
  }

  async isGone(clientId: string): Promise<boolean> {
    const storeId = clientId.split('.', 1)[0] as string;
    return storeId !== this.storeId && (await this.#processes.dead([storeId])).length > 0;
  }

  onGone(listener: () => void): void {
    this.#processes.onGone(listener);
  }

  async records(prefix: string): Promise<ReadonlyMap<string, unknown>> {
    await this.#records;
    const all = (await this.#server.command(['HGETALL', recordsKey])) as object;
    const pairs = pairsOf(all).filter(([name]) => name.startsWith(prefix));
    return new Map(pairs.map(([name, text]) => [name, decodedRecord(text)]));
  }

  save(records: Records): Promise<void> {
    const commands = records.map(([name, value]) =>
      value === undefined ? ['HDEL', recordsKey, name] : ['HSET', recordsKey, name, encodedRecord(value)],
    );
    const saved = this.#records.then(async () => {
      if (commands.length > 0) await this.#server.transaction(commands);
    });
    this.#records = saved.catch(() => undefined);
    return saved;
  }

  forget(clientId: string): void {
    for (const channelId of this.#pushed.get(clientId) ?? []) {
      const { meta } = keysOf(channelId);
      const ring = Array.from({ length: 32 }, (_, n) => `c:${clientId}:${n}`);
      this.#writer(channelId).run(() => this.#server.command(['HDEL', meta, `c:${clientId}`, ...ring]));
    }
    this.#pushed.delete(clientId);
  }

  async trim(channelId: string, upTo: number): Promise<void> {
    const offset = String(Math.min(Math.max(0, upTo), Number.MAX_SAFE_INTEGER));
    const { log, meta, replaced, marks } = keysOf(channelId);
    const args = [offset, String(forgetAfter), String(sweepEvery)];
    while (Number(await this.#server.run(trimScript, [log, meta, replaced, marks], args)) === 1);
  }

  replace(block: StoredBlock): Promise<void> {
    return replace(this.#server, this.#pages, block);
  }

  /** How this Redis is set up, as far as the bus would want it otherwise; empty if all is well. */
  findings(): Promise<readonly Finding[]> {
    return findingsOf((command) => this.#server.command(command));
  }

  async close(): Promise<void> {
    await this.#processes.leave();
    for (const timer of this.#timers) clearInterval(timer);
    this.#following.close();
    this.#connection.close();
  }

  async #open({ recheck = 2000 }: RedisLogOptions): Promise<void> {
    await this.#connection.open(openWithin);
    await checkKinds(this.#connection, commonKinds);
    for (const [channelId, { logId, head }] of await this.#heads()) this.#following.begin(channelId, logId, head);
    await this.#processes.beat();
    await this.#processes.listed();
    this.#every(recheck, () => this.#check());
    this.#every(recheck, () => this.#connection.look());
    this.#every(beat, () => this.#processes.beat());
    this.#every(beat, () => this.#processes.look());
  }

  #every(ms: number, task: () => Promise<void>): void {
    this.#timers.push(setInterval(() => void task().catch(() => undefined), ms).unref());
  }

  /** A bell may have been missed. */
  async #check(): Promise<void> {
    if (this.#timers.length === 0) return;
    // Its data may have been put back under our feet.
    if ((await this.#connection.command(['GET', epochKey])) !== this.#connection.identity)
      return this.#connection.renew();
    for (const [channelId, { logId, head }] of await this.#heads())
      if (logId !== '') await this.#following.reached(channelId, logId, head);
  }

  /** Those under whose names something else lies are left out: whoever uses them is told. */
  async #heads(): Promise<readonly (readonly [string, ChannelHead])[]> {
    const names = [...((await this.#server.command(['SMEMBERS', catalogue])) as Iterable<string>)];
    const heads = await Promise.all(
      names.map(async (name) => {
        try {
          return [[name, headOf(await this.#server.command(metaOf(name)))] as const];
        } catch (error) {
          if (isBusError(error) && error.code === 'FOREIGN_KEY') return [];
          throw error;
        }
      }),
    );
    return heads.flat();
  }

  #writer(channelId: string): Writer {
    let writer = this.#writers.get(channelId);
    if (writer === undefined) {
      writer = new Writer(channelId, {
        storeId: this.storeId,
        batch: (channel, args, entries) => {
          const append = this.#appending.of(channel, args);
          return entries[0]?.flush === true ? () => this.#flushing.flushed(append) : append;
        },
        identity: () => this.#connection.identity,
        isStill: (identity) => this.#isStill(identity),
        appended: (channel, blocks) => this.#following.appended(channel, blocks),
        reached: (channel, logId, offset) => this.#following.reached(channel, logId, offset),
      });
      this.#writers.set(channelId, writer);
    }
    return writer;
  }

  async #isStill(identity: string): Promise<boolean> {
    if (!this.#connection.isReady) await this.#connection.ready().catch(() => undefined);
    if (this.#connection.state.getSnapshot() === 'closed') return true;
    return this.#connection.isReady && this.#connection.identity === identity;
  }
}
