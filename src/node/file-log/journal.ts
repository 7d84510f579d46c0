// The journal of one channel: append-only files that any number of processes write to and read, with no lock and no server. A
// process writes what it proposes, reads the file up to there, and knows what became of it.

import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { StoredBlock } from '../../core/block.ts';
import { busError, describe } from '../../core/errors.ts';
import type { ChannelHead } from '../../core/log.ts';
import { randomName, systemPlatform } from '../../core/platform.ts';
import { hubError } from '../hub-error.ts';
import { isFullDisk } from './directory.ts';
import { empty } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Fold, Folded } from './fold.ts';
import type { GroupsFold } from './groups-fold.ts';
import { textOf } from './line.ts';
import type { Line } from './line.ts';
import { Proposals } from './proposals.ts';
import type { Pending, Settled } from './proposals.ts';
import type { Segment } from './segment.ts';
import { turns } from './turns.ts';
import { seal, Segments } from './segments.ts';

export interface JournalOptions {
  readonly channelId: string;
  /** Bytes after which the next segment begins. */
  readonly segmentSize: number;
  /** How often, in milliseconds, it is looked whether others have written, where nobody says so. */
  readonly poll: number;
  /** What is in it when it is opened is told to nobody. */
  readonly isOld: boolean;
  readonly onBlocks: (blocks: readonly StoredBlock[]) => void;
  /** Something became of a proposal about a group; without a result: nobody knows what did. */
  readonly onGroup: (group?: NonNullable<Folded['group']>) => void;
  /** So high a stamp was read. */
  readonly onStamp: (stamp: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Never torn by a kill, up to here. */
const maxWrite = 1024 * 1024;
const pageSize = 1024 * 1024;
/** After so many milliseconds it is tried again to drop files, where the disk was full. */
const retireAfter = 1000;

export class Journal {
  readonly #folder: string;
  readonly #options: JournalOptions;
  readonly #segments: Segments;
  readonly #proposals = new Proposals();
  readonly #damaged = new Set<string>();
  #active!: Segment;
  /** Of which the folders are known on the disk. */
  #synced: Segment | undefined;
  #watcher: FSWatcher | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** One after the other: reading, and what is written in between. */
  #turn: Promise<unknown> = Promise.resolve();
  #writing: Promise<void> | undefined;
  #isClosed = false;
  /** When files are to be dropped that could not be dropped yet. */
  #retireAt = Infinity;
  /** What it told last of what went wrong where nobody waits for it. */
  #trouble = '';

  constructor(folder: string, options: JournalOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#segments = new Segments(folder, (path, at) => this.#damage(path, at));
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const numbers = [...(await this.#segments.list()).keys()];
    const { isOld, onBlocks, poll } = this.#options;
    // What was there before is read in silence, or told as it is read.
    const from = isOld
      ? numbers.reduce((a, b) => Math.max(a, b), 1)
      : numbers.reduce((a, b) => Math.min(a, b), Infinity);
    await this.#enterFirst(from === Infinity ? 1 : from);
    await this.#advanceOnly(isOld ? () => undefined : onBlocks);
    await this.#retireIfRoom();
    const look = (): void => void this.#look();
    try {
      this.#watcher = watch(this.#folder, { persistent: false }, look);
      this.#watcher.on('error', () => undefined);
    } catch {
      // No more watchers to be had: sizes are polled.
    }
    this.#timer = setInterval(look, poll);
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

  /** Whether this client has pushed here, or is doing it. */
  knows(clientId: string): boolean {
    const isPushing = ({ proposal }: Line): boolean => proposal.t === 'block' && proposal.push?.[0] === clientId;
    return this.#fold.knows(clientId) || this.#proposals.some(isPushing);
  }

  get groups(): GroupsFold {
    return this.#fold.groups;
  }

  /** Resolves with what became of it, once this process has read it back. */
  propose(line: Line, flush = false): Promise<Settled> {
    if (this.#isClosed) return Promise.reject(busError('CLOSED', 'The log is closed.'));
    const settled = this.#proposals.add(line, flush);
    this.#writing ??= Promise.resolve().then(() => this.#writeAll());
    return settled;
  }

  /** Reads what others have written. */
  advance(): Promise<void> {
    return this.#next(async () => {
      if (!this.#isClosed) await this.#advanceOnly();
    });
  }

  async read(after: number, limit: number): Promise<readonly StoredBlock[]> {
    // It is on its way to the end.
    if (this.#fold.isPartial) await this.advance();
    const from = Math.max(after, this.#fold.first - 1);
    const { kept } = this.#fold;
    const last = kept.findLastIndex(([, start]) => start <= from);
    // It may end where the next one begins.
    for (const [number] of kept.slice(Math.max(0, last))) {
      const active = this.#active;
      const blocks =
        number === active.number
          ? await active.use((segment) => segment.read(from, limit, pageSize))
          : await this.#segments.read(number, (segment) => segment.read(from, limit, pageSize), []);
      if (blocks.length > 0) return blocks;
    }
    return [];
  }

  /** Drops the files of what was trimmed; where a full disk takes no line in their place, when there is room. */
  async retire(): Promise<void> {
    await this.#next(() => this.#retireIfRoom());
  }

  /** Puts another body in the place of a block, and takes what it was from every file. */
  async replace(block: StoredBlock): Promise<void> {
    const { offset, header } = block;
    const bytes = Buffer.from(`"block":${JSON.stringify(header.blockId)}`);
    const segments = this.#segments;
    for (;;) {
      await this.advance();
      const { first, kept } = this.#fold;
      if (offset < first) break;
      const home = kept.findLast(([, start]) => start < offset)?.[0] as number;
      const active = this.#active.number;
      const isInActive = home === active || (await segments.holds(active, bytes));
      if (isInActive) await this.#seal(active);
      if (isInActive) continue;
      for (let number = active - 1; number >= 1; number -= 1) {
        if (number !== home && !(await segments.holds(number, bytes))) continue;
        const placement = await segments.rewrite(number, block, first);
        if (placement === undefined) continue;
        const id = randomName(systemPlatform);
        await this.propose({ proposal: { t: 'replace', id, offset, segment: number, ...placement }, body: '' });
      }
      break;
    }
    await segments.sweep(bytes);
    // Where it was stands nothing of it any more, or this fails.
    await this.#next(() => this.#retire());
  }

  async close(): Promise<void> {
    // What was proposed before is still written.
    await this.#writing;
    this.#isClosed = true;
    this.#watcher?.close();
    clearInterval(this.#timer);
    await this.#turn;
    // There is none where it could not be opened.
    await Promise.all([(this.#active as Segment | undefined)?.close(), this.#segments.close()]);
    this.#proposals.close();
  }

  get #fold(): Fold {
    return this.#active.fold as Fold;
  }

  #next<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** What is told to nobody else: once, until it is well again or is something else. */
  async #look(): Promise<void> {
    try {
      await this.advance();
      if (this.#retireAt < performance.now()) await this.retire();
      this.#trouble = '';
    } catch (error) {
      const trouble = describe(error);
      if (trouble !== this.#trouble && !this.#isClosed) this.#options.onError(error);
      this.#trouble = trouble;
    }
  }

  async #retireIfRoom(): Promise<void> {
    this.#retireAt = Infinity;
    try {
      await this.#retire();
    } catch (error) {
      if (!isFullDisk(error)) throw error;
      this.#retireAt = performance.now() + retireAfter;
    }
  }

  async #retire(): Promise<void> {
    if (this.#isClosed) throw busError('CLOSED', 'The log is closed.');
    await this.#segments.retire(new Set(this.#fold.kept.map(([number]) => number)), this.#active.number);
  }

  async #seal(number: number): Promise<void> {
    if (this.#active.number > number) return;
    const id = randomName(systemPlatform);
    await this.propose({ proposal: { t: 'seal', id }, body: '' });
  }

  async #enterFirst(from: number): Promise<void> {
    try {
      await this.#enter(from);
    } catch (error) {
      // One that a full disk does not let begin has nothing in it: the one before it can be read.
      if (!isFullDisk(error) || from === 1) throw error;
      await this.#enter(from - 1);
    }
  }

  async #enter(from: number, checkpoint?: Checkpoint): Promise<void> {
    for (let number = from; ; number += 1) {
      const segment = await this.#segments.active(number);
      try {
        segment.begin();
        if (!segment.isGone) {
          if (segment.fold === undefined) await this.#begin(segment, number === from ? checkpoint : undefined);
          this.#active = segment;
          return;
        }
      } finally {
        if (this.#active !== segment) await segment.close();
      }
      const anew = await this.#segments.latest(number);
      if (anew === undefined) continue;
      this.#active = anew;
      return;
    }
  }

  /** Whoever comes first says how a segment begins; all would say the same. */
  async #begin(segment: Segment, given: Checkpoint | undefined): Promise<void> {
    const checkpoint = given ?? (await this.#before(segment.number));
    if (segment.hasContent) {
      this.#damage(segment.path, 0);
      segment.adopt(checkpoint);
      return;
    }
    const text = textOf({ proposal: { t: 'checkpoint', state: checkpoint }, body: '' });
    // Twice: all that comes after is worth little without it.
    segment.write(Buffer.concat([text, text]));
    segment.begin();
    if (segment.fold !== undefined) return;
    throw busError('STORAGE_FULL', 'There is no room for a segment of the journal.', { retryable: true });
  }

  /** What the segment before this one ended with. */
  async #before(number: number): Promise<Checkpoint> {
    const before = number === 1 ? undefined : await this.#segments.latest(number - 1);
    const nothing = empty(this.#options.channelId, number);
    if (before === undefined) return nothing;
    try {
      before.advance(() => undefined);
      return before.fold?.checkpoint ?? nothing;
    } finally {
      await before.close();
    }
  }

  /** Where a full disk does not let the next segment begin, all that there is was read: whoever writes is told. */
  async #advanceOnly(tell?: (blocks: readonly StoredBlock[]) => void): Promise<void> {
    try {
      await this.#advance(tell);
    } catch (error) {
      if (!isFullDisk(error)) throw error;
    }
  }

  async #advance(tell: (blocks: readonly StoredBlock[]) => void = this.#options.onBlocks): Promise<void> {
    for (;;) {
      const blocks: StoredBlock[] = [];
      /** Told after the followers. */
      const told: (() => void)[] = [];
      const took = (folded: Folded): void => this.#took(folded, blocks, told);
      this.#active.advance(took);
      this.#mend(took);
      this.#options.onStamp(this.#fold.lastStamp);
      if (blocks.length > 0) tell(blocks);
      for (const tellIt of told) tellIt();
      this.#proposals.repeat();
      if (!this.#fold.isSealed) return;
      const before = this.#active;
      await this.#enter(before.number + 1, this.#fold.checkpoint);
      await before.close();
      // What was in files that are gone or were written anew was not told.
      this.#options.onGroup();
    }
  }

  /** What was cut from the file is lost, but what is known of it is not: it stands at the beginning of the next one. */
  #mend(took: (folded: Folded) => void): void {
    const { path, readUpTo } = this.#active;
    const { missing, isRemoved } = this.#active.harm;
    if (missing === 0 && !isRemoved) return;
    // It may have been dropped since, which is no harm.
    this.#active.advance(took);
    if (this.#fold.isSealed) return;
    this.#damage(path, readUpTo - missing);
    // Others have read as far: behind that place they find the end.
    this.#active.write(Buffer.concat([Buffer.alloc(missing, '\n'), seal]));
    this.#fold.seal();
  }

  #took(folded: Folded, blocks: StoredBlock[], told: (() => void)[]): void {
    const { block, group, rewritten } = folded;
    if (block !== undefined) blocks.push(block);
    if (group !== undefined) told.push(() => this.#options.onGroup(group));
    if (rewritten !== undefined) void this.#segments.forget(rewritten);
    const settle = this.#proposals.took(folded);
    if (settle !== undefined) told.push(settle);
  }

  async #writeAll(): Promise<void> {
    while (!this.#proposals.isEmpty && !this.#isClosed) {
      await turns.pass();
      await this.#next(() => this.#write());
    }
    this.#writing = undefined;
  }

  async #write(): Promise<void> {
    const { missing, isRemoved } = this.#active.harm;
    let batch: readonly Pending[] = [];
    try {
      // The next segment could not begin yet, or must.
      if (this.#fold.isSealed || missing > 0 || isRemoved) await this.#advance();
      const taken = this.#proposals.take(maxWrite);
      batch = taken.batch;
      const written = this.#active.write(taken.bytes, taken.records);
      if (written === taken.bytes.length && batch.some(({ flush }) => flush)) await this.#sync();
      await this.#advance();
      // A write that was cut short has left whole records and a torn one, which nobody reads.
      this.#proposals.refuse(batch);
      const isFull = this.#isFull();
      if (isFull) this.#active.write(seal);
      if (isFull) await this.#advance();
      if (isFull) await this.#retireIfRoom();
    } catch (error) {
      this.#failed(batch.length > 0 ? batch : this.#proposals.take(Infinity).batch, error);
    }
  }

  /** With the folders, so that the file is found again. */
  async #sync(): Promise<void> {
    await this.#active.sync();
    if (this.#synced === this.#active) return;
    await this.#segments.sync();
    this.#synced = this.#active;
  }

  /** A file is more than what it begins with, twice. */
  #isFull(): boolean {
    const { readUpTo, begunAt } = this.#active;
    return readUpTo >= Math.max(this.#options.segmentSize, 4 * begunAt) && !this.#fold.isSealed;
  }

  #failed(batch: readonly Pending[], cause: unknown): void {
    if (isFullDisk(cause)) return this.#proposals.refuse(batch);
    const what = `The journal in ${this.#folder} cannot be written: ${describe(cause)}`;
    this.#proposals.fail(batch, busError('HOST_LOST', what, { cause, accepted: 'unknown' }));
  }

  /** Told once for each file. */
  #damage(path: string, at: number): void {
    if (this.#damaged.has(path)) return;
    this.#damaged.add(path);
    const what = `${path} is damaged at byte ${at}, in channel "${this.#options.channelId}".`;
    this.#options.onError(hubError('LOG_DAMAGED', what));
  }
}
