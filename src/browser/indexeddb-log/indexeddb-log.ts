// The log of a browser's host. One commit is under way at a time, and what comes meanwhile makes up the next: group commit
// without a timer. After any failed commit but a full disk the log is at its end, for it may have been fenced.

import { sizeOf } from '../../core/block.ts';
import type { StoredBlock } from '../../core/block.ts';
import { busError, isBusError } from '../../core/errors.ts';
import { isIdentified, Ledger } from '../../core/ledger.ts';
import type { Placed } from '../../core/ledger.ts';
import type { Append, ChannelHead, Log, Page, Positions, Verdict } from '../../core/log.ts';
import { indexAfter } from '../../core/pages.ts';
import type { Platform } from '../../core/platform.ts';
import { loadChannel } from './channel-state.ts';
import type { ChannelState } from './channel-state.ts';
import { openDatabase, storageError } from './database.ts';
import type { ChannelRow, ClientRow, Database, StoreName } from './database.ts';
import { after, merged, trimmed } from './segments.ts';
import type { Change } from './segments.ts';
import { takeBack } from './take-back.ts';
import { takeTerm } from './term.ts';
import type { Term } from './term.ts';
import { Writer } from './writer.ts';
import type { Commit, Write } from './writer.ts';

const maxCommitBlocks = 256;
const maxCommitSize = 2 * 1024 * 1024;
/** A channel with this many new segments is worth compacting. */
const worthCompacting = 32;
const idleBeforeCompacting = 1000;

interface PendingAppend {
  readonly entries: readonly Append[];
  readonly resolve: (verdicts: readonly Verdict[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Something to be written that is not an append: it has a commit of its own. */
interface Job {
  /** Reads what it needs; undefined if there is nothing to write. `done` is called when it is on disk. */
  prepare(): Promise<(Commit & { done?(): void }) | undefined>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface IndexedDbLogOptions {
  readonly bus: string;
  readonly platform: Platform;
  /** Which clients may still repeat a push. */
  readonly isAlive: (clientId: string) => boolean;
  /** The log can do no more: its host has to go. */
  readonly onEnd: (why: string) => void;
}

/** Opens the database and takes its term. Rejects with `STORAGE_BLOCKED`, `STORAGE_FULL` or `STORAGE_NEWER`. */
export async function openIndexedDbLog(options: IndexedDbLogOptions): Promise<IndexedDbLog> {
  let end = options.onEnd;
  const database = await openDatabase(options.bus, (why) => end(why));
  try {
    const log = new IndexedDbLog(database, await takeTerm(database, options.platform, options.isAlive), options);
    end = (why) => log.end(why);
    return log;
  } catch (error) {
    database.close();
    throw isBusError(error) ? error : storageError(error);
  }
}

export class IndexedDbLog implements Log {
  readonly kind: string = 'indexeddb';
  readonly encoded: boolean = true;
  readonly storeId: string;
  readonly term: number;
  readonly #database: Database;
  readonly #writer: Writer;
  readonly #platform: Platform;
  readonly #onEnd: (why: string) => void;
  readonly #ledger: Ledger;
  readonly #channels = new Map<string, ChannelState>();
  readonly #loading = new Map<string, Promise<ChannelState>>();
  readonly #followers = new Set<(blocks: readonly StoredBlock[]) => void>();
  readonly #pending: PendingAppend[] = [];
  readonly #jobs: Job[] = [];
  #working: Promise<void> | undefined;
  #ended: string | undefined;
  #cancelCompaction: (() => void) | undefined;

  constructor(database: Database, term: Term, options: IndexedDbLogOptions) {
    this.#database = database;
    this.storeId = term.storeId;
    this.term = term.term;
    this.#platform = options.platform;
    this.#onEnd = options.onEnd;
    this.#ledger = new Ledger(term.storeId, options.platform);
    this.#writer = new Writer(database, term.term, () => ({
      channels: this.#channelRows(),
      clients: this.#clientRows(),
    }));
    for (const [clientId, pushes] of term.clients) {
      for (const [n, logId, offset] of pushes) this.#ledger.remember(clientId, n, { logId, offset });
    }
  }

  append(entries: readonly Append[]): Promise<readonly Verdict[]> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#gone());
      this.#pending.push({ entries, resolve, reject });
      this.#kick();
    });
  }

  async read(channelId: string, from: number, limit: number): Promise<Page> {
    const channel = await this.#channel(channelId);
    const { committed } = channel;
    if (from >= committed.head) return { ...committed, blocks: [] };
    const recent = channel.recent.page(from, limit);
    if (recent !== undefined) return { ...committed, blocks: recent };
    const segments = await this.#database.getAll('segments', after(channelId, from), channel.segmentsFor(limit));
    if (segments.length > 0) channel.measure(segments);
    const blocks = segments.flat();
    return { ...committed, blocks: blocks.slice(indexAfter(blocks, from)) };
  }

  async head(channelId: string): Promise<ChannelHead> {
    return (await this.#channel(channelId)).committed;
  }

  channels(): Promise<readonly string[]> {
    return this.#database.getAllKeys('channels');
  }

  follow(listener: (blocks: readonly StoredBlock[]) => void): () => void {
    this.#followers.add(listener);
    return () => void this.#followers.delete(listener);
  }

  savedPositions(name: string): Promise<Positions | undefined> {
    return this.#database.get('positions', name);
  }

  savePositions(name: string, positions: Positions): Promise<void> {
    const write: Write = (store) => void store('positions').put(positions, name);
    return this.#job(() => Promise.resolve({ stores: ['positions'], write }));
  }

  forget(clientId: string): void {
    this.#ledger.clients.delete(clientId);
  }

  trim(channelId: string, upTo: number): Promise<void> {
    return this.#job(async () => {
      const channel = await this.#channel(channelId);
      if (upTo < channel.record.first || channel.record.first > channel.record.head) return undefined;
      const change = await trimmed(this.#database, channelId, upTo, channel.record.head);
      const row = { ...channel.row, first: change.first, bytes: Math.max(0, channel.record.bytes - change.bytes) };
      const write: Write = (store) => {
        reshape(store('segments'), channelId, change);
        for (const key of change.keys) store('keys').delete([channelId, key]);
      };
      const done = (): void => {
        Object.assign(channel.record, row);
        channel.commit();
        channel.recent.clear();
      };
      return { stores: ['segments', 'keys'], write, row: { channels: [[channelId, row]], clients: [] }, done };
    });
  }

  /** Merges small segments now rather than when it is idle. */
  async compact(channelId: string): Promise<void> {
    (await this.#channel(channelId)).segments = 0;
    let from: number | undefined = 0;
    while (from !== undefined) from = await this.#compactSome(channelId, from);
  }

  async close(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
    this.end(undefined);
  }

  /** Nothing is written any more. With a reason, the host is told. */
  end(why: string | undefined): void {
    if (this.#ended !== undefined) return;
    this.#ended = why ?? 'It was closed.';
    this.#cancelCompaction?.();
    this.#followers.clear();
    for (const waiting of [...this.#pending.splice(0), ...this.#jobs.splice(0)]) waiting.reject(this.#gone());
    this.#database.close();
    if (why !== undefined) this.#onEnd(why);
  }

  #gone(): Error {
    return busError('HOST_LOST', `The log ended: ${this.#ended ?? ''}`, { accepted: 'unknown', retryable: true });
  }

  #job(prepare: Job['prepare']): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#gone());
      this.#jobs.push({ prepare, resolve, reject });
      this.#kick();
    });
  }

  #kick(): void {
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    while (this.#ended === undefined && this.#pending.length + this.#jobs.length > 0) {
      const job = this.#pending.length > 0 ? undefined : this.#jobs.shift();
      if (job === undefined) await this.#commitAppends(this.#group());
      else await this.#commitJob(job);
    }
    // In the very turn of the last look: what comes from now on must find nobody at work.
    this.#working = undefined;
  }

  async #commitJob(job: Job): Promise<void> {
    try {
      const commit = await job.prepare();
      if (commit !== undefined) await this.#commit(commit);
      commit?.done?.();
      job.resolve();
    } catch (error) {
      job.reject(error);
    }
  }

  async #commitAppends(group: readonly PendingAppend[]): Promise<void> {
    const entries = group.flatMap((pending) => pending.entries);
    try {
      if (entries.some((entry) => this.#isMissing(entry))) await this.#load(entries);
      const placed = await this.#place(entries);
      this.#deliver(placed);
      let at = 0;
      for (const pending of group)
        pending.resolve(placed.slice(at, (at += pending.entries.length)).map(({ verdict }) => verdict));
    } catch (error) {
      // What is too large for the disk must not take its neighbours with it: each has a commit of its own.
      if (isFull(error) && group.length > 1) for (const one of group) await this.#commitAppends([one]);
      else for (const pending of group) pending.reject(error);
    }
  }

  /** What goes into the next commit. */
  #group(): readonly PendingAppend[] {
    let count = 0;
    let size = 0;
    for (const { entries } of this.#pending) {
      if (count > 0 && (count >= maxCommitBlocks || size > maxCommitSize)) break;
      for (const { block } of entries) size += sizeOf(block);
      count += 1;
    }
    return this.#pending.splice(0, count);
  }

  /** Whether something must be read before this can be placed: usually not. */
  #isMissing({ block }: Append): boolean {
    const { channelId, keys } = block.header;
    const channel = this.#channels.get(channelId);
    if (channel === undefined || keys !== undefined) return true;
    return isIdentified(block) && !channel.record.producers.has(block.header.producerId);
  }

  /** Reads all that these need, keys and producers in one transaction. */
  async #load(entries: readonly Append[]): Promise<void> {
    await Promise.all(entries.map(({ block }) => this.#channel(block.header.channelId)));
    const transaction = this.#database.transaction(['keys', 'producers']);
    const keys = transaction.objectStore('keys');
    const producers = transaction.objectStore('producers');
    const loadKey = async (channelId: string, key: string): Promise<void> => {
      const offset = await keys.get([channelId, key]);
      if (offset !== undefined) this.#channels.get(channelId)?.record.keys.set(key, offset);
    };
    const loadProducer = async (channelId: string, producerId: string): Promise<void> => {
      const state = await producers.get([channelId, producerId]);
      if (state !== undefined) this.#channels.get(channelId)?.record.producers.set(producerId, state);
    };
    await Promise.all(
      entries.flatMap(({ block }) => {
        const { channelId, keys: own = [] } = block.header;
        const loads = own.map((key) => loadKey(channelId, key));
        return isIdentified(block) ? [...loads, loadProducer(channelId, block.header.producerId)] : loads;
      }),
    );
  }

  /** Places the entries and writes them; if they could not be written, they are not placed either. */
  async #place(entries: readonly Append[]): Promise<readonly Placed[]> {
    const state = (entry: Append): ChannelState => this.#channels.get(entry.block.header.channelId) as ChannelState;
    const touched = new Set(entries.map(state));
    const undo = [this.#ledger.checkpoint(entries), ...[...touched].map((channel) => checkpoint(channel))];
    const placed = entries.map((entry) => this.#ledger.place(state(entry).record, entry));
    const commit = this.#commitOf(entries, placed);
    try {
      if (commit !== undefined) await this.#writer.commit(commit);
    } catch (error) {
      for (const back of undo) back();
      if (this.#writer.isTorn) await this.#mend(entries, placed);
      this.#endUnlessFull(error);
      throw error;
    }
    for (const channel of touched) channel.commit();
    for (const { block } of placed)
      if (block !== undefined) this.#channels.get(block.header.channelId)?.recent.add(block);
    return placed;
  }

  #commitOf(entries: readonly Append[], placed: readonly Placed[]): Commit | undefined {
    const stores = new Set<StoreName>(['segments']);
    const writes: Write[] = [];
    const segments = new Map<string, StoredBlock[]>();
    const changed = new Set<string>();
    const clients = new Map<string, (readonly [n: number, logId: string, offset: number])[]>();
    entries.forEach(({ block, push }, at) => {
      const { verdict, block: stored } = placed[at] as Placed;
      const { channelId } = block.header;
      if (verdict.kind === 'refused') return;
      if (push !== undefined) appendTo(clients, push.clientId, [push.n, verdict.logId, verdict.offset] as const);
      if (stored !== undefined) appendTo(segments, channelId, stored);
      if (verdict.kind === 'stored') changed.add(channelId);
      // A block whose key is known fills its place in the sequence, too.
      const counts = verdict.kind === 'stored' || block.header.keys !== undefined;
      if (counts && isIdentified(block)) writes.push(this.#producerWrite(channelId, block.header.producerId, stores));
      for (const key of stored?.header.keys ?? []) {
        stores.add('keys');
        writes.push((store) => void store('keys').put(stored?.offset, [channelId, key]));
      }
    });
    if (segments.size + clients.size + writes.length === 0) return undefined;
    const channels = [...changed].map((channelId) =>
      this.#channelWrite(channelId, segments.get(channelId), stores, writes),
    );
    return {
      stores,
      write: (store) => writes.forEach((write) => write(store)),
      flush: entries.some((entry) => entry.flush === true),
      row: { channels, clients: [...clients] },
    };
  }

  /** A skip changes its channel, and lies in no segment. */
  #channelWrite(
    channelId: string,
    blocks: StoredBlock[] | undefined,
    stores: Set<StoreName>,
    writes: Write[],
  ): readonly [string, ChannelRow] {
    const { row, committed } = this.#channels.get(channelId) as ChannelState;
    if (blocks !== undefined) writes.push((store) => void store('segments').add(blocks, [channelId, row.head]));
    if (committed.logId === '') {
      stores.add('channels');
      writes.push((store) => void store('channels').put(row, channelId));
    }
    return [channelId, row];
  }

  #producerWrite(channelId: string, producerId: string, stores: Set<StoreName>): Write {
    const state = this.#channels.get(channelId)?.record.producers.get(producerId);
    stores.add('producers');
    return (store) => void store('producers').put(state, [channelId, producerId]);
  }

  /** A job's commit: all of it or nothing. */
  async #commit(commit: Commit): Promise<void> {
    try {
      await this.#writer.commit({ ...commit, whole: true });
    } catch (error) {
      this.#endUnlessFull(error);
      throw error;
    }
  }

  /** Takes back what a torn commit has written. Its row goes, too: all rows are folded. */
  async #mend(entries: readonly Append[], placed: readonly Placed[]): Promise<void> {
    const write = takeBack(entries, placed, this.#channels);
    try {
      await this.#writer.commit({ stores: ['segments', 'keys', 'producers'], write, whole: true, fold: true });
    } catch (error) {
      this.end((error as Error).message);
    }
  }

  #endUnlessFull(error: unknown): void {
    if (isBusError(error) && !isFull(error)) this.end(error.message);
  }

  #deliver(placed: readonly Placed[]): void {
    const blocks = placed.flatMap(({ block }) => block ?? []);
    if (blocks.length === 0) return;
    for (const follower of this.#followers) follower(blocks);
    this.#cancelCompaction?.();
    this.#cancelCompaction = this.#platform.timer(idleBeforeCompacting, () => this.#compactAll());
  }

  #compactAll(): void {
    for (const [channelId, { segments, recent }] of this.#channels) {
      recent.clear();
      if (segments >= worthCompacting) this.compact(channelId).catch(() => undefined);
    }
  }

  /** One step of compaction; where the next one begins. */
  async #compactSome(channelId: string, from: number): Promise<number | undefined> {
    let next: number | undefined;
    await this.#job(async () => {
      const change = await merged(this.#database, channelId, from);
      next = change.next;
      if (change.added.length === 0) return undefined;
      return { stores: ['segments'], write: (store) => reshape(store('segments'), channelId, change) };
    });
    return next;
  }

  *#channelRows(): Generator<readonly [string, ChannelRow]> {
    for (const [channelId, channel] of this.#channels) if (channel.record.logId !== '') yield [channelId, channel.row];
  }

  *#clientRows(): Generator<readonly [string, ClientRow]> {
    for (const [clientId, { places }] of this.#ledger.clients) {
      yield [clientId, [...places].map(([n, { logId, offset }]) => [n, logId, offset] as const)];
    }
  }

  #channel(channelId: string): Promise<ChannelState> {
    const channel = this.#channels.get(channelId);
    if (channel !== undefined) return Promise.resolve(channel);
    let loading = this.#loading.get(channelId);
    if (loading === undefined) {
      loading = loadChannel(this.#database, channelId).finally(() => this.#loading.delete(channelId));
      loading.then((loaded) => this.#channels.set(channelId, loaded)).catch(() => undefined);
      this.#loading.set(channelId, loading);
    }
    return loading;
  }
}

function isFull(error: unknown): boolean {
  return isBusError(error) && error.code === 'STORAGE_FULL';
}

function appendTo<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

/** How to take back what is placed in this channel from now on. */
function checkpoint({ record }: ChannelState): () => void {
  const { logId, first, head, bytes, own } = record;
  const producers = new Map(record.producers);
  return () => {
    Object.assign(record, { logId, first, head, bytes, own });
    record.keys.clear();
    record.producers.clear();
    for (const [producerId, state] of producers) record.producers.set(producerId, state);
  };
}

function reshape(segments: IDBObjectStore, channelId: string, { deleted, added }: Change): void {
  for (const range of deleted) segments.delete(range);
  for (const blocks of added) segments.add(blocks, [channelId, (blocks.at(-1) as StoredBlock).offset]);
}
