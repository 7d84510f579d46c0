// The journal of one channel: append-only files that any number of processes write to and read, with no lock and no server. A
// process writes what it proposes, reads the file up to there, and knows what became of it.

import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredBlock } from '../../core/block.ts';
import { busError, describe } from '../../core/errors.ts';
import type { ChannelHead, Verdict } from '../../core/log.ts';
import { randomName, systemPlatform } from '../../core/platform.ts';
import { deferred } from '../deferred.ts';
import type { Deferred } from '../deferred.ts';
import type { Checkpoint, Folded } from './fold.ts';
import { textOf } from './line.ts';
import type { Line } from './line.ts';
import { segmentName, segmentNumber } from './names.ts';
import { Segment } from './segment.ts';

export interface JournalOptions {
  /** Bytes after which the next segment begins. */
  readonly segmentSize: number;
  /** How often, in milliseconds, it is looked whether others have written, where nobody says so. */
  readonly poll: number;
  /** What is in it when it is opened is told to nobody. */
  readonly isOld: boolean;
  readonly onBlocks: (blocks: readonly StoredBlock[]) => void;
  readonly onError: (error: unknown) => void;
}

interface Pending {
  readonly id: string;
  readonly line: Line;
  readonly flush: boolean;
  readonly settle: Deferred<Verdict | undefined>;
}

/** Never torn by a kill, up to here. */
const maxWrite = 1024 * 1024;
const pageSize = 1024 * 1024;

export class Journal {
  readonly #folder: string;
  readonly #options: JournalOptions;
  readonly #older = new Map<number, Segment>();
  /** Proposed, and nothing read of them yet: in their order, where one is proposed again. */
  readonly #proposed = new Map<string, Pending[]>();
  readonly #queue: Pending[] = [];
  #active!: Segment;
  #watcher: FSWatcher | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** One after the other: reading, and what is written in between. */
  #turn: Promise<unknown> = Promise.resolve();
  #isWriting = false;
  #closed = false;

  constructor(folder: string, options: JournalOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  async open(): Promise<void> {
    // What was there before is read in silence, or told as it is read.
    await mkdir(this.#folder, { recursive: true });
    const numbers = (await readdir(this.#folder)).flatMap((name) => segmentNumber(name) ?? []);
    await this.#enter(
      this.#options.isOld
        ? Math.max(1, ...numbers)
        : Math.min(...numbers, Infinity) === Infinity
          ? 1
          : Math.min(...numbers),
      empty(),
    );
    await this.#advance(this.#options.isOld ? () => undefined : this.#options.onBlocks);
    const look = (): void => void this.advance().catch(this.#options.onError);
    try {
      this.#watcher = watch(this.#folder, { persistent: false }, look);
      this.#watcher.on('error', () => undefined);
    } catch {
      // No more watchers to be had: sizes are polled.
    }
    this.#timer = setInterval(look, this.#options.poll);
    this.#timer.unref();
  }

  get head(): ChannelHead {
    const fold = this.#fold;
    if (fold.head === 0) return { logId: '', first: 1, head: 0, bytes: 0 };
    return { logId: fold.logId, first: fold.first, head: fold.head, bytes: fold.bytes };
  }

  get records(): ReadonlyMap<string, readonly [stamp: string, value?: unknown]> {
    return this.#fold.records;
  }

  /** Resolves with what became of it, once this process has read it back. */
  propose(id: string, line: Line, flush = false): Promise<Verdict | undefined> {
    const pending = { id, line, flush, settle: deferred<Verdict | undefined>() };
    this.#queue.push(pending);
    if (!this.#isWriting) {
      this.#isWriting = true;
      queueMicrotask(() => void this.#writeAll());
    }
    return pending.settle.promise;
  }

  /** Reads what others have written. */
  advance(): Promise<void> {
    return this.#next(async () => {
      if (!this.#closed) await this.#advance();
    });
  }

  async read(after: number, limit: number): Promise<readonly StoredBlock[]> {
    const from = Math.max(after, this.#fold.first - 1);
    for (let number = this.#active.number; number >= 1; number--) {
      const segment = number === this.#active.number ? this.#active : await this.#olderSegment(number);
      if (segment.firstOffset === undefined || (segment.firstOffset > from + 1 && number > 1)) continue;
      // It may end where the next one begins.
      for (let at = number; at <= this.#active.number; at++) {
        const one = at === this.#active.number ? this.#active : await this.#olderSegment(at);
        const blocks = await one.read(from, limit, pageSize);
        if (blocks.length > 0) return blocks.map((block) => this.#fold.current(block));
      }
      return [];
    }
    return [];
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watcher?.close();
    clearInterval(this.#timer);
    await this.#turn.catch(() => undefined);
    await Promise.all([this.#active, ...this.#older.values()].map((segment) => segment.close()));
    const closed = busError('CLOSED', 'The log is closed.');
    for (const { settle } of [...this.#queue, ...[...this.#proposed.values()].flat()]) settle.reject(closed);
  }

  get #fold(): NonNullable<Segment['fold']> {
    return this.#active.fold as NonNullable<Segment['fold']>;
  }

  #next<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Whoever comes first says how a segment begins; all would say the same. */
  async #enter(number: number, checkpoint: Checkpoint): Promise<void> {
    const segment = await Segment.open(number, join(this.#folder, segmentName(number)));
    segment.begin();
    if (segment.fold === undefined) {
      segment.write(Buffer.from(textOf({ proposal: { t: 'checkpoint', state: checkpoint }, body: '' })));
      segment.begin();
    }
    if (segment.fold === undefined) throw busError('STORAGE_FULL', 'There is no room for a segment of the journal.');
    this.#active = segment;
  }

  async #advance(tell: (blocks: readonly StoredBlock[]) => void = this.#options.onBlocks): Promise<void> {
    for (;;) {
      const blocks: StoredBlock[] = [];
      this.#active.advance((folded) => this.#took(folded, blocks));
      if (blocks.length > 0) tell(blocks);
      for (const settle of this.#settled.splice(0)) settle();
      this.#queue.unshift(...this.#again.splice(0));
      if (!this.#fold.isSealed) return;
      const { number } = this.#active;
      this.#older.set(number, this.#active);
      await this.#enter(number + 1, this.#fold.checkpoint);
    }
  }

  /** Told after the followers. */
  readonly #settled: (() => void)[] = [];
  /** To be written once more, before all others. */
  readonly #again: Pending[] = [];

  #took({ id, verdict, block, isVoid }: Folded, blocks: StoredBlock[]): void {
    if (block !== undefined) blocks.push(block);
    const pending = id === undefined ? undefined : this.#proposed.get(id)?.[0];
    if (pending === undefined) return;
    this.#forget(pending);
    if (isVoid === true) this.#again.push(pending);
    else this.#settled.push(() => pending.settle.resolve(verdict));
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0 && !this.#closed) await this.#next(() => this.#write()).catch(this.#options.onError);
    this.#isWriting = false;
  }

  async #write(): Promise<void> {
    const texts: Buffer[] = [];
    const batch: Pending[] = [];
    let size = 0;
    for (const pending of this.#queue) {
      const text = Buffer.from(textOf(pending.line));
      if (batch.length > 0 && size + text.length > maxWrite) break;
      size += text.length;
      texts.push(text);
      batch.push(pending);
    }
    this.#queue.splice(0, batch.length);
    for (const pending of batch) this.#proposed.set(pending.id, [...(this.#proposed.get(pending.id) ?? []), pending]);
    const bytes = Buffer.concat(texts);
    let written: number;
    try {
      written = this.#active.write(bytes);
    } catch (error) {
      written = 0;
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') this.#fail(batch, error);
    }
    if (written === bytes.length && batch.some(({ flush }) => flush)) await this.#active.sync();
    await this.#advance();
    // A write that was cut short has left whole records and a torn one, which nobody reads.
    for (const pending of batch) {
      if (!this.#forget(pending)) continue;
      pending.settle.resolve({ kind: 'refused', code: 'STORAGE_FULL', why: 'The disk is full.' });
    }
    if (this.#active.size >= this.#options.segmentSize && !this.#fold.isSealed) {
      this.#active.write(Buffer.from(textOf({ proposal: { t: 'seal' }, body: '' })));
      await this.#advance();
    }
  }

  #fail(batch: readonly Pending[], error: unknown): void {
    for (const pending of batch) {
      if (this.#forget(pending))
        pending.settle.reject(
          busError('HOST_LOST', `The journal cannot be written: ${describe(error)}`, { cause: error }),
        );
    }
  }

  /** Whether it was still waited for. */
  #forget(pending: Pending): boolean {
    const all = this.#proposed.get(pending.id) ?? [];
    const at = all.indexOf(pending);
    if (at < 0) return false;
    if (all.length === 1) this.#proposed.delete(pending.id);
    else all.splice(at, 1);
    return true;
  }

  async #olderSegment(number: number): Promise<Segment> {
    let segment = this.#older.get(number);
    if (segment === undefined) {
      segment = await Segment.open(number, join(this.#folder, segmentName(number)));
      segment.advance(() => undefined);
      this.#older.set(number, segment);
    }
    return segment;
  }
}

function empty(): Checkpoint {
  return {
    logId: randomName(systemPlatform),
    first: 1,
    head: 0,
    bytes: 0,
    producers: [],
    clients: [],
    keys: [],
    records: [],
    replaced: [],
  };
}
