// The log of a browser's host. One commit is under way at a time, and what comes meanwhile makes up the next: group commit
// without a timer. After any failed commit but a full disk the log is at its end, for it may have been fenced.

import { sizeOf } from '../../core/block.ts';
import type { StoredBlock } from '../../core/block.ts';
import { busError, describe, isBusError } from '../../core/errors.ts';
import { Ledger } from '../../core/ledger.ts';
import type { Placed } from '../../core/ledger.ts';
import type { Append, ChannelHead, Log, Page, Records, Verdict } from '../../core/log.ts';
import { indexAfter } from '../../core/pages.ts';
import type { Platform } from '../../core/platform.ts';
import { Channels } from './channels.ts';
import { commitOf } from './commit-of.ts';
import type { ChannelState } from './channel-state.ts';
import { openDatabase, storageError } from './database.ts';
import type { ClientRow, Database } from './database.ts';
import { SavedRecords, savedBy } from './saved-records.ts';
import type { Given } from './saved-records.ts';
import { after, merged, replaced, segmentsIn, trimmed } from './segments.ts';
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

interface PendingAppend extends Given {
  readonly resolve: (verdicts: readonly Verdict[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Something to be written that is not an append: it has a commit of its own. */
interface Job {
  /** Reads what it needs; undefined if there is nothing to write. `done` is called when it is on disk. */
  prepare(): Promise<(Commit & { done?(): void }) | undefined>;
  /** How many appends were given before it: these come first. */
  readonly after: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface IndexedDbLogOptions {
  readonly bus: string;
  readonly platform: Platform;
  /** Which clients may still repeat a push. */
  readonly isAlive: (clientId: string) => boolean;
  /** Its host has ended already: it must not take a term any more. */
  readonly isOver?: () => boolean;
  /** The log can do no more: its host has to go. */
  readonly onEnd: (why: string) => void;
}

/** Opens the database and takes its term. Rejects with `STORAGE_BLOCKED`, `STORAGE_FULL` or `STORAGE_NEWER`. */
export async function openIndexedDbLog(options: IndexedDbLogOptions): Promise<IndexedDbLog> {
  let end = (why: string): void => {
    database.close();
    options.onEnd(why);
  };
  const database = await openDatabase(options.bus, (why) => end(why));
  try {
    const log = new IndexedDbLog(database, await takeTerm(database, options), options);
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
  readonly #channels: Channels;
  readonly #records: SavedRecords;
  readonly #followers = new Set<(blocks: readonly StoredBlock[]) => void>();
  readonly #pending: PendingAppend[] = [];
  readonly #jobs: Job[] = [];
  /** Appends that were given so far, and those of them whose turn has come. */
  #given = 0;
  #taken = 0;
  #working: Promise<void> | undefined;
  #ended: string | undefined;
  #cancelCompaction: (() => void) | undefined;

  constructor(database: Database, term: Term, options: IndexedDbLogOptions) {
    this.#database = database;
    this.storeId = term.storeId;
    this.term = term.term;
    this.#platform = options.platform;
    this.#onEnd = options.onEnd;
    this.#channels = new Channels(database);
    this.#records = new SavedRecords(database);
    this.#ledger = new Ledger(term.storeId, options.platform);
    this.#writer = new Writer(database, term.term, () => ({
      channels: this.#channels.rows(),
      clients: this.#clientRows(),
    }));
    for (const [clientId, pushes] of term.clients) {
      for (const [n, logId, offset] of pushes) this.#ledger.remember(clientId, n, { logId, offset });
    }
  }

  append(entries: readonly Append[]): Promise<readonly Verdict[]> {
    return this.#write({ entries });
  }

  async read(channelId: string, from: number, limit: number): Promise<Page> {
    const channel = await this.#channels.load(channelId);
    const { committed } = channel;
    if (from >= committed.head) return { ...committed, blocks: [] };
    const recent = channel.recent.page(from, limit);
    if (recent !== undefined) return { ...committed, blocks: recent };
    const segments = await segmentsIn(this.#database, after(channelId, from), channel.segmentsFor(limit));
    if (segments.length > 0) channel.measure(segments);
    const blocks = segments.flat();
    return { ...committed, blocks: blocks.slice(indexAfter(blocks, from)) };
  }

  async head(channelId: string): Promise<ChannelHead> {
    return (await this.#channels.load(channelId)).committed;
  }

  channels(): Promise<readonly string[]> {
    return this.#database.read(['channels'], (transaction) => transaction.objectStore('channels').getAllKeys());
  }

  follow(listener: (blocks: readonly StoredBlock[]) => void): () => void {
    this.#followers.add(listener);
    return () => void this.#followers.delete(listener);
  }

  /** Between commits: what a torn one wrote is never seen. */
  async records(prefix: string): Promise<ReadonlyMap<string, unknown>> {
    let found: ReadonlyMap<string, unknown> = new Map();
    await this.#job(async () => {
      found = await this.#records.read(prefix);
      return undefined;
    });
    return found;
  }

  async save(records: Records): Promise<void> {
    await this.#write({ entries: [], records });
  }

  /** Not before what was given until now is placed: a repeated push among it must be recognised. */
  forget(clientId: string): void {
    const forget = (): void => void this.#ledger.clients.delete(clientId);
    this.#write({ entries: [] }).then(forget, forget);
  }

  trim(channelId: string, upTo: number): Promise<void> {
    return this.#job(async () => {
      const channel = await this.#channels.load(channelId);
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

  replace(block: StoredBlock): Promise<void> {
    return this.#job(async () => {
      const { channelId } = block.header;
      const channel = await this.#channels.load(channelId);
      const change = await replaced(this.#database, block);
      if (change === undefined) return undefined;
      const { segment, growth } = change;
      const row = { ...channel.row, bytes: Math.max(0, channel.record.bytes + growth) };
      const write: Write = (store) =>
        void store('segments').put(segment, [channelId, (segment.at(-1) as StoredBlock).offset]);
      const done = (): void => {
        Object.assign(channel.record, row);
        channel.commit();
        channel.recent.replace(block);
      };
      return { stores: ['segments'], write, row: { channels: [[channelId, row]], clients: [] }, done };
    });
  }

  /** Merges small segments now rather than when it is idle. */
  async compact(channelId: string): Promise<void> {
    (await this.#channels.load(channelId)).segments = 0;
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

  #write(given: Given): Promise<readonly Verdict[]> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#gone());
      this.#given += 1;
      this.#pending.push({ ...given, resolve, reject });
      this.#kick();
    });
  }

  #job(prepare: Job['prepare']): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#gone());
      this.#jobs.push({ prepare, after: this.#given, resolve, reject });
      this.#kick();
    });
  }

  #kick(): void {
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    let jobsTurn = false;
    while (this.#ended === undefined && this.#pending.length + this.#jobs.length > 0) {
      const job: Job | undefined = this.#isDue(jobsTurn) ? this.#jobs.shift() : undefined;
      if (job === undefined) await this.#commitAppends(this.#group());
      else await this.#commitJob(job);
      jobsTurn = job === undefined;
    }
    // In the very turn of the last look: what comes from now on must find nobody at work.
    this.#working = undefined;
  }

  /** Turn by turn: neither do appends wait for all jobs, nor does a job wait for the appends that came after it. */
  #isDue(jobsTurn: boolean): boolean {
    return this.#pending.length === 0 || (jobsTurn && (this.#jobs[0]?.after ?? Infinity) <= this.#taken);
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
      // Nothing is waited for where all is known: the commit is made in this very turn.
      if (this.#channels.lacks(entries) || this.#records.lacks(group)) await this.#prepare(entries, group);
      const placed = await this.#place(entries, group);
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

  /** Reads what is not known yet. Where that fails the storage is gone: whoever sent this sends it to the next host. */
  async #prepare(entries: readonly Append[], group: readonly PendingAppend[]): Promise<void> {
    try {
      if (this.#channels.lacks(entries)) await this.#channels.prepare(entries);
      if (this.#records.lacks(group)) await this.#records.prepare(group);
    } catch (error) {
      this.end(`It cannot be read: ${describe(error)}`);
      throw error;
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
    this.#taken += count;
    return this.#pending.splice(0, count);
  }

  /** Places the entries and writes them; if they could not be written, they are not placed either. */
  async #place(entries: readonly Append[], group: readonly Given[]): Promise<readonly Placed[]> {
    const channels = entries.map(({ block }) => this.#channels.get(block.header.channelId));
    const touched = new Set(channels);
    const undo = [this.#ledger.checkpoint(entries), ...[...touched].map((channel) => channel.checkpoint())];
    const placed = entries.map((entry, at) => this.#ledger.place((channels[at] as ChannelState).record, entry));
    const saved = savedBy(group, placed);
    const commit = commitOf(entries, placed, this.#channels, saved);
    try {
      if (commit !== undefined) await this.#writer.commit(commit);
    } catch (error) {
      for (const back of undo) back();
      if (this.#writer.isTorn) await this.#mend(takeBack(entries, placed, this.#channels, this.#records.before(saved)));
      this.#endUnlessFull(error);
      throw error;
    }
    for (const channel of touched) channel.commit();
    this.#records.commit(saved);
    placed.forEach(({ block }, at) => block !== undefined && channels[at]?.recent.add(block));
    return placed;
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
  async #mend(write: Write): Promise<void> {
    const stores = ['segments', 'keys', 'producers', 'records'] as const;
    try {
      await this.#writer.commit({ stores, write, whole: true, fold: true });
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
    for (const [channelId, { segments, recent }] of this.#channels.all()) {
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

  *#clientRows(): Generator<readonly [string, ClientRow]> {
    for (const [clientId, { places }] of this.#ledger.clients) {
      yield [clientId, [...places].map(([n, { logId, offset }]) => [n, logId, offset] as const)];
    }
  }
}

function isFull(error: unknown): boolean {
  return isBusError(error) && error.code === 'STORAGE_FULL';
}

function reshape(segments: IDBObjectStore, channelId: string, { deleted, added }: Change): void {
  for (const range of deleted) segments.delete(range);
  for (const blocks of added) segments.add(blocks, [channelId, (blocks.at(-1) as StoredBlock).offset]);
}
