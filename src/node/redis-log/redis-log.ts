// A log that many processes share: Redis holds the blocks and gives out the offsets, in one script for each append. A
// channel is a stream whose ids are offsets; pub/sub only rings that there is more to read.

import { busError, describe } from '../../core/errors.ts';
import type { GroupHome, GroupKeeper, SharedLog } from '../../core/group-keeper.ts';
import type { Append, ChannelHead, Page, Records, Verdict } from '../../core/log.ts';
import { sizeOf } from '../../core/block.ts';
import type { StoredBlock } from '../../core/block.ts';
import { randomName, systemPlatform } from '../../core/platform.ts';
import { Connection, isPassing } from './connection.ts';
import { blockOf, fieldsOf } from './entry.ts';
import type { Fields } from './entry.ts';
import { Following } from './following.ts';
import { catalogue, keysOf, processesKey, processKey, recordsKey } from './keys.ts';
import { RedisGroups } from './redis-groups.ts';
import { decodedRecord, encodedRecord } from '../record-text.ts';
import { appendScript, replaceScript, trimScript } from './scripts.ts';
import type { Script } from './scripts.ts';
import { Writer } from './writer.ts';

export interface RedisLogOptions {
  /** `redis://` or `rediss://`, with user, password and database if there are any. */
  readonly url: string;
  /** Milliseconds in which a command has to be answered, after which its connection is given up. Default 3000. */
  readonly deadline?: number;
  /** How often, in milliseconds, it is looked whether a bell was missed. Default 2000. */
  readonly recheck?: number;
}

/** Pages end at about this size. */
const pageSize = 1024 * 1024;
const firstPageBlocks = 64;
const pause = 100;
const openWithin = 5000;
/** How long a process that is not heard of is taken to live, and how often it is heard of. */
const lifetime = 5000;
const beat = 1500;
const forGroups = '\0groups';

type Entries = readonly (readonly [id: string, fields: Fields])[];

export class RedisLog implements SharedLog {
  readonly kind = 'redis';
  readonly encoded = true;
  /** This process, as a producer. */
  readonly storeId: string = randomName(systemPlatform);
  readonly #connection: Connection;
  readonly #following: Following;
  readonly #writers = new Map<string, Writer>();
  /** Channels that are in the catalogue for sure. */
  readonly #listed = new Set<string>();
  /** In which channels the clients of this process have pushed. */
  readonly #pushed = new Map<string, Set<string>>();
  /** About how many bytes a block of a channel has. */
  readonly #blockSize = new Map<string, number>();
  /** Whatever saves records does it after this. */
  #records: Promise<unknown> = Promise.resolve();
  readonly #groups = new Set<RedisGroups>();
  readonly #mourners = new Set<() => void>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  /** By how much the clock of Redis is ahead of `performance.now()`. */
  #ahead = 0;

  /** Rejects with `REDIS_AWAY` if there is no Redis that takes us in. */
  static async open(options: RedisLogOptions): Promise<RedisLog> {
    const log = new RedisLog(options);
    try {
      await log.#open(options);
      return log;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  private constructor({ url, deadline }: RedisLogOptions) {
    this.#following = new Following((channelId, after, limit) => this.#read(channelId, after, limit));
    this.#connection = new Connection({
      url,
      ...(deadline !== undefined && { deadline }),
      onBell: (channelId, text) => {
        if (text.startsWith(this.storeId)) return;
        if (text.endsWith(forGroups)) for (const groups of this.#groups) groups.rang(channelId);
        else this.#following.rang(channelId, text);
      },
      onGap: () => void this.#check().catch(() => undefined),
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

  read(channelId: string, after: number, limit: number): Promise<Page> {
    return this.#read(channelId, after, limit);
  }

  head(channelId: string): Promise<ChannelHead> {
    return this.#insist(async () => headOf(await this.#connection.command(metaOf(channelId))));
  }

  async channels(): Promise<readonly string[]> {
    const names = await this.#names();
    const heads = await Promise.all(names.map((name) => this.head(name)));
    return names.filter((_, at) => heads[at]?.logId !== '');
  }

  follow(listener: (blocks: readonly StoredBlock[]) => void): () => void {
    return this.#following.follow(listener);
  }

  groups(home: GroupHome): GroupKeeper {
    const groups = new RedisGroups(
      {
        storeId: this.storeId,
        now: () => performance.now() + this.#ahead,
        run: (script, keys, args) => this.#insist(() => this.#connection.run(script, keys, args)),
        command: (command) => this.#insist(() => this.#connection.command(command)),
        ring: (channelId) => {
          const text = `${this.storeId}${forGroups}`;
          this.#connection.command(['PUBLISH', keysOf(channelId).bell, text]).catch(() => undefined);
        },
        dead: (storeIds) => this.#dead(storeIds),
      },
      home,
    );
    this.#groups.add(groups);
    return groups;
  }

  async isGone(clientId: string): Promise<boolean> {
    const storeId = clientId.split('.', 1)[0] as string;
    return storeId !== this.storeId && (await this.#dead([storeId])).length > 0;
  }

  onGone(listener: () => void): void {
    this.#mourners.add(listener);
  }

  async records(prefix: string): Promise<ReadonlyMap<string, unknown>> {
    await this.#records;
    const all = (await this.#insist(() => this.#connection.command(['HGETALL', recordsKey]))) as object;
    const pairs = pairsOf(all).filter(([name]) => name.startsWith(prefix));
    return new Map(pairs.map(([name, text]) => [name, decodedRecord(text)]));
  }

  save(records: Records): Promise<void> {
    const commands = records.map(([name, value]) =>
      value === undefined ? ['HDEL', recordsKey, name] : ['HSET', recordsKey, name, encodedRecord(value)],
    );
    const saved = this.#records.then(async () => {
      if (commands.length > 0) await this.#insist(() => this.#connection.transaction(commands));
    });
    this.#records = saved.catch(() => undefined);
    return saved;
  }

  forget(clientId: string): void {
    for (const channelId of this.#pushed.get(clientId) ?? []) {
      const { meta } = keysOf(channelId);
      const ring = Array.from({ length: 32 }, (_, n) => `c:${clientId}:${n}`);
      this.#writer(channelId).run(() =>
        this.#insist(() => this.#connection.command(['HDEL', meta, `c:${clientId}`, ...ring])),
      );
    }
    this.#pushed.delete(clientId);
  }

  async trim(channelId: string, upTo: number): Promise<void> {
    const offset = String(Math.min(Math.max(0, upTo), Number.MAX_SAFE_INTEGER));
    while (Number(await this.#run(trimScript, channelId, [offset])) === 1);
  }

  async replace(block: StoredBlock): Promise<void> {
    const { header, logId, offset } = block;
    const args = [logId, String(offset), header.blockId, String(sizeOf(block)), ...fieldsOf(block)];
    await this.#run(replaceScript, header.channelId, args);
  }

  async close(): Promise<void> {
    await this.#connection.command(['DEL', processKey(this.storeId)]).catch(() => undefined);
    for (const timer of this.#timers) clearInterval(timer);
    this.#following.close();
    this.#connection.close();
  }

  async #open({ recheck = 2000 }: RedisLogOptions): Promise<void> {
    await this.#connection.open(openWithin);
    for (const [channelId, { logId, head }] of await this.#heads()) this.#following.begin(channelId, logId, head);
    await this.#beat();
    this.#every(recheck, () => this.#check());
    this.#every(beat, () => this.#beat());
    this.#every(beat, () => this.#look());
  }

  #every(ms: number, task: () => Promise<void>): void {
    this.#timers.push(setInterval(() => void task().catch(() => undefined), ms).unref());
  }

  async #beat(): Promise<void> {
    await this.#connection.transaction([
      ['SET', processKey(this.storeId), '1', 'PX', String(lifetime)],
      ['SADD', processesKey, this.storeId],
    ]);
    const [seconds, micros] = (await this.#connection.command(['TIME'])) as [string, string];
    this.#ahead = Math.max(this.#ahead, Number(seconds) * 1000 + Number(micros) / 1000 - performance.now());
  }

  /** The one that strikes a process off the list sees to what it left behind. */
  async #look(): Promise<void> {
    const all = (await this.#connection.command(['SMEMBERS', processesKey])) as Iterable<string>;
    const dead = await this.#dead([...all].filter((storeId) => storeId !== this.storeId));
    for (const storeId of dead) {
      if (Number(await this.#connection.command(['SREM', processesKey, storeId])) === 1)
        for (const told of this.#mourners) told();
    }
  }

  async #dead(storeIds: readonly string[]): Promise<readonly string[]> {
    const lives = await Promise.all(
      storeIds.map((storeId) => this.#insist(() => this.#connection.command(['EXISTS', processKey(storeId)]))),
    );
    return storeIds.filter((_, at) => Number(lives[at]) === 0);
  }

  /** A bell may have been missed. */
  async #check(): Promise<void> {
    if (this.#timers.length === 0) return;
    for (const [channelId, { logId, head }] of await this.#heads())
      if (logId !== '') await this.#following.reached(channelId, logId, head);
  }

  async #heads(): Promise<readonly (readonly [string, ChannelHead])[]> {
    const names = await this.#names();
    return Promise.all(
      names.map(async (name) => [name, headOf(await this.#connection.command(metaOf(name)))] as const),
    );
  }

  async #names(): Promise<readonly string[]> {
    const names = await this.#insist(() => this.#connection.command(['SMEMBERS', catalogue]));
    return [...(names as Iterable<string>)];
  }

  #writer(channelId: string): Writer {
    let writer = this.#writers.get(channelId);
    if (writer === undefined) {
      writer = new Writer(channelId, {
        storeId: this.storeId,
        append: (channel, args) => this.#append(channel, args),
        appended: (channel, blocks) => this.#following.appended(channel, blocks),
        reached: (channel, logId, offset) => this.#following.reached(channel, logId, offset),
      });
      this.#writers.set(channelId, writer);
    }
    return writer;
  }

  async #append(channelId: string, args: readonly string[]): Promise<unknown> {
    const { log, meta, marks, bell } = keysOf(channelId);
    const candidate = randomName(systemPlatform);
    let isAgain = false;
    return this.#insist(async () => {
      if (!this.#listed.has(channelId)) {
        await this.#connection.command(['SADD', catalogue, channelId]);
        this.#listed.add(channelId);
      }
      const before = [candidate, bell, this.storeId, isAgain ? '1' : '0'];
      isAgain = true;
      return this.#connection.run(appendScript, [log, meta, recordsKey, marks], [...before, ...args]);
    });
  }

  #run(script: Script, channelId: string, args: readonly string[]): Promise<unknown> {
    const { log, meta, replaced, marks } = keysOf(channelId);
    return this.#insist(() => this.#connection.run(script, [log, meta, replaced, marks], args));
  }

  async #read(channelId: string, after: number, limit: number): Promise<Page> {
    const { log, replaced } = keysOf(channelId);
    const count = Math.max(1, Math.floor(pageSize / (this.#blockSize.get(channelId) ?? pageSize / firstPageBlocks)));
    const from = `(${after}-0`;
    const range = (to: string, most: number): Promise<readonly unknown[]> =>
      this.#insist(() =>
        this.#connection.transaction([
          ['XRANGE', log, from, to, 'COUNT', String(most)],
          ['HGETALL', replaced],
          metaOf(channelId),
        ]),
      );
    if (after >= Number.MAX_SAFE_INTEGER) return { ...(await this.head(channelId)), blocks: [] };
    const upTo = Math.min(Number.MAX_SAFE_INTEGER, after + Math.max(1, limit));
    let page = await range(String(upTo), count);
    // A block that is larger than what was asked for, or those before it were dropped.
    if ((page[0] as Entries).length === 0) page = await range('+', 1);
    const [entries, others, meta] = page as [Entries, object, unknown];
    const head = headOf(meta);
    const blocks = entries.map(([id, fields]) => blockOf(head.logId, Number.parseInt(id, 10), fields));
    const last = blocks.at(-1)?.offset ?? Infinity;
    for (const [offset, text] of pairsOf(others)) {
      const at = Number(offset);
      if (at > after && at < last) blocks.push(blockOf(head.logId, at, JSON.parse(text) as Fields));
    }
    if (blocks.length > entries.length) blocks.sort((a, b) => a.offset - b.offset);
    if (blocks.length > 0)
      this.#blockSize.set(channelId, blocks.reduce((sum, block) => sum + sizeOf(block) + 200, 0) / blocks.length);
    return { ...head, blocks };
  }

  /** Until Redis answers, for good or bad; the log is not lost because Redis is away. */
  async #insist<T>(task: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.#connection.ready();
      try {
        return await task();
      } catch (error) {
        if (this.#connection.state.getSnapshot() === 'closed') throw busError('CLOSED', 'The log is closed.');
        if (!isPassing(error)) throw busError('HOST_LOST', `Redis refused: ${describe(error)}`, { cause: error });
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }
}

function metaOf(channelId: string): readonly string[] {
  return ['HMGET', keysOf(channelId).meta, 'id', 'first', 'head', 'bytes'];
}

function headOf(values: unknown): ChannelHead {
  const [logId, first, head, bytes] = values as readonly (string | null)[];
  return { logId: logId ?? '', first: Number(first ?? 1), head: Number(head ?? 0), bytes: Number(bytes ?? 0) };
}

/** A hash, as either protocol version gives it. */
function pairsOf(hash: object): readonly (readonly [string, string])[] {
  if (Array.isArray(hash)) return hash.flatMap((name, at) => (at % 2 === 0 ? [[name, hash[at + 1]] as const] : []));
  return hash instanceof Map ? [...hash] : Object.entries(hash);
}
