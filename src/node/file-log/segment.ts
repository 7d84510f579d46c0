// One file of a journal: read to its end, record by record, and where its blocks lie.

import { fstatSync, readSync, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { sizeOf } from '../../core/block.ts';
import type { StoredBlock } from '../../core/block.ts';
import { Fold } from './fold.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Folded } from './fold.ts';
import { lineOf } from './line.ts';
import type { BlockProposal, Line, ReadLine } from './line.ts';

interface Spot {
  /** Of its last message. */
  readonly offset: number;
  readonly sequence: number;
  readonly at: number;
  readonly length: number;
}

/** A record as this process wrote it, and how many bytes it takes. */
export interface Written {
  readonly line: Line;
  readonly length: number;
}

/** A block with the record that it came by. */
export interface Placed {
  readonly block: StoredBlock;
  readonly proposal: BlockProposal;
  /** How large it was when it was appended. */
  readonly size: number;
}

const newline = 10;
const readSize = 1024 * 1024;
/** What was just written lies in memory: a turn of the event loop for it would take longer than the reading. */
const scratch = Buffer.allocUnsafe(readSize);

type Took = (folded: Folded) => void;
/** Told of each place that cannot be read. */
export type OnDamage = (path: string, at: number) => void;

export class Segment {
  readonly number: number;
  readonly path: string;
  readonly #onDamage: OnDamage;
  readonly #file: FileHandle;
  readonly #spots: Spot[] = [];
  #fold: Fold | undefined;
  /** Nothing is in it any more, or it goes on in another file. */
  #isGone = false;
  /** There is something in it that only a checkpoint can have been before. */
  #hasContent = false;
  /** Up to here the file was read; what is after it is no whole record yet. */
  #at = 0;
  #rest: Buffer = Buffer.alloc(0);
  #begunAt = 0;
  /** What this process wrote last, until it is read back. */
  #own: { readonly bytes: Buffer; readonly records: readonly Written[] } | undefined;
  #users = 0;
  #isDropped = false;

  private constructor(number: number, path: string, file: FileHandle, onDamage: OnDamage) {
    this.number = number;
    this.path = path;
    this.#file = file;
    this.#onDamage = onDamage;
  }

  /** `flags` as of `open`: 'a+' makes it if it is not there. */
  static async open(number: number, path: string, flags: 'a+' | 'r', onDamage: OnDamage): Promise<Segment> {
    return new Segment(number, path, await open(path, flags), onDamage);
  }

  /** Undefined until its checkpoint was read. */
  get fold(): Fold | undefined {
    return this.#fold;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get hasContent(): boolean {
    return this.#hasContent;
  }

  /** Where its checkpoint ends. */
  get begunAt(): number {
    return this.#begunAt;
  }

  /** How many bytes were read of it. */
  get readUpTo(): number {
    return this.#at;
  }

  /** How many bytes were written: less than was given when the disk is full. The records are what the bytes hold, in their order. */
  write(bytes: Buffer, records: readonly Written[] = []): number {
    const written = writeSync(this.#file.fd, bytes);
    this.#own = written === bytes.length ? { bytes, records } : undefined;
    return written;
  }

  sync(): Promise<void> {
    return this.#file.datasync();
  }

  /** By how much it is shorter than what was read of it, and whether it was taken away. */
  get harm(): { readonly missing: number; readonly isRemoved: boolean } {
    const { size, nlink } = fstatSync(this.#file.fd);
    return { missing: Math.max(0, this.#at - size), isRemoved: nlink === 0 };
  }

  /** Reads as far as its checkpoint. */
  begin(): void {
    this.#read(() => undefined, true);
  }

  /** Its own checkpoint is lost: it is read from its start as if this were it. */
  adopt(checkpoint: Checkpoint): void {
    this.#fold = new Fold(checkpoint);
    this.#fold.isDamaged = true;
    this.#at = 0;
    this.#rest = Buffer.alloc(0);
  }

  /** Reads what is new, and calls back for each record in its order. */
  advance(took: Took): void {
    this.#read(took, false);
  }

  /** The blocks after an offset, whole, up to about so many messages and bytes. */
  async read(after: number, limit: number, mostBytes: number): Promise<StoredBlock[]> {
    const blocks: StoredBlock[] = [];
    let messages = 0;
    let size = 0;
    for (let at = this.#indexAfter(after); at < this.#spots.length && messages < limit && size < mostBytes; at++) {
      const spot = this.#spots[at] as Spot;
      const placed = await this.#placed(spot);
      if (placed === undefined) continue;
      messages += placed.block.header.count;
      size += spot.length;
      blocks.push(placed.block);
    }
    return blocks;
  }

  /** All blocks from this offset on, one after the other. */
  async *placed(first: number): AsyncGenerator<Placed> {
    for (let at = this.#indexAfter(first - 1); at < this.#spots.length; at++) {
      const placed = await this.#placed(this.#spots[at] as Spot);
      if (placed !== undefined) yield placed;
    }
  }

  /** It is not closed while somebody reads in it. */
  async use<T>(task: (segment: Segment) => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await task(this);
    } finally {
      this.#users -= 1;
      await this.#closeUnused();
    }
  }

  close(): Promise<void> {
    this.#isDropped = true;
    return this.#closeUnused();
  }

  async #closeUnused(): Promise<void> {
    if (this.#isDropped && this.#users === 0) await this.#file.close();
  }

  #read(took: Took, toCheckpoint: boolean): void {
    for (let isNew = false; ; isNew = true) {
      const length = readSync(this.#file.fd, scratch, 0, readSize, this.#at);
      if (length > 0 && this.#takeAll(scratch.subarray(0, length), took, toCheckpoint)) return;
      if (length === readSize) continue;
      if (isNew || length > 0) this.#takeLast(took);
      return;
    }
  }

  #takeAll(read: Buffer, took: Took, toCheckpoint: boolean): boolean {
    const begin = this.#at - this.#rest.length;
    const bytes = this.#rest.length === 0 ? read : Buffer.concat([this.#rest, read]);
    this.#at += read.length;
    let from = this.#takeOwn(bytes, begin, took);
    for (let end; (end = bytes.indexOf(newline, from)) >= 0; from = end + 1) {
      if (end > from) this.#take(bytes.subarray(from, end), begin + from, took);
      if (!toCheckpoint || (this.#fold === undefined && !this.#isGone)) continue;
      this.#begunAt = this.#at = begin + end + 1;
      this.#rest = Buffer.alloc(0);
      return true;
    }
    this.#rest = Buffer.from(bytes.subarray(from));
    return false;
  }

  /** Where nobody wrote in between, blocks need not be checked and parsed again. Returns up to where these bytes were taken. */
  #takeOwn(bytes: Buffer, begin: number, took: Took): number {
    const own = this.#own;
    this.#own = undefined;
    if (own === undefined || !bytes.subarray(0, own.bytes.length).equals(own.bytes)) return 0;
    let from = 0;
    for (const { line, length } of own.records) {
      // Without the newlines around it. In JSON numbers may become others: only blocks are decided by none such.
      const [at, size] = [from + 1, length - 2];
      if (line.proposal.t !== 'block') this.#take(bytes.subarray(at, at + size), begin + at, took);
      else this.#takeLine({ proposal: line.proposal, body: line.body, isWhole: true }, begin + at, size, took);
      from += length;
    }
    return from;
  }

  /** A full disk may have swallowed the newline after the last record, and nothing else of it. */
  #takeLast(took: Took): void {
    if (this.#rest.length === 0 || typeof lineOf(this.#rest) === 'string') return;
    const bytes = this.#rest;
    this.#rest = Buffer.alloc(0);
    this.#take(bytes, this.#at - bytes.length, took);
  }

  #take(bytes: Buffer, at: number, took: Took): void {
    const line = lineOf(bytes);
    if (line === 'torn') return;
    if (line === 'damaged' || !line.isWhole) this.#onDamage(this.path, at);
    if (line === 'damaged') {
      this.#hasContent = true;
      if (this.#fold !== undefined && !this.#fold.isSealed) this.#fold.isDamaged = true;
      return;
    }
    this.#takeLine(line, at, bytes.length, took);
  }

  #takeLine(line: ReadLine, at: number, length: number, took: Took): void {
    if (this.#fold === undefined) return this.#begin(line);
    const { head } = this.#fold;
    const folded = this.#fold.take(line);
    const { block } = folded;
    if (block !== undefined && block.offset > head)
      this.#spots.push({ offset: block.offset, sequence: block.header.sequence, at, length });
    took(folded);
  }

  #begin({ proposal }: ReadLine): void {
    if (proposal.t === 'gone') this.#isGone = true;
    else if (proposal.t === 'checkpoint') this.#fold = new Fold(proposal.state);
    else this.#hasContent = true;
  }

  /** Where the first block is that ends after this offset. */
  #indexAfter(after: number): number {
    let [low, high] = [0, this.#spots.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#spots[middle] as Spot).offset > after) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Undefined for what has come to harm since it was read first. */
  async #placed({ offset, sequence, at, length }: Spot): Promise<Placed | undefined> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.allocUnsafe(length), 0, length, at);
    const line = lineOf(buffer.subarray(0, bytesRead));
    const isBlock = typeof line !== 'string' && line.proposal.t === 'block';
    if (!isBlock || !line.isWhole) this.#onDamage(this.path, at);
    if (!isBlock || line.proposal.t !== 'block' || this.#fold === undefined) return undefined;
    const block = this.#fold.stored(line, sequence, offset);
    return { block, proposal: line.proposal, size: line.proposal.kept?.size ?? sizeOf(block) };
  }
}
