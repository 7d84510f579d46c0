// One file of a journal: read to its end, record by record, and where its blocks lie.

import { fstatSync, readSync, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { StoredBlock } from '../../core/block.ts';
import { Fold } from './fold.ts';
import type { Checkpoint, Folded } from './fold.ts';
import { lineOf } from './line.ts';

interface Spot {
  /** Of its last message. */
  readonly offset: number;
  readonly sequence: number;
  readonly at: number;
  readonly length: number;
}

const newline = 10;
const readSize = 1024 * 1024;
/** What was just written lies in memory: a turn of the event loop for it would take longer than the reading. */
const scratch = Buffer.allocUnsafe(readSize);

export class Segment {
  readonly number: number;
  readonly #file: FileHandle;
  readonly #spots: Spot[] = [];
  #fold: Fold | undefined;
  /** Up to here the file was read; what is after it is no whole record yet. */
  #at = 0;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(number: number, file: FileHandle) {
    this.number = number;
    this.#file = file;
  }

  /** For appending and reading; made if it is not there. */
  static async open(number: number, path: string): Promise<Segment> {
    return new Segment(number, await open(path, 'a+'));
  }

  /** Undefined until its checkpoint was read. */
  get fold(): Fold | undefined {
    return this.#fold;
  }

  /** Undefined while nothing is in it. */
  get firstOffset(): number | undefined {
    return this.#start === undefined ? undefined : this.#start + 1;
  }

  #start: number | undefined;

  /** How many bytes were written: less than was given when the disk is full. */
  write(bytes: Buffer): number {
    return writeSync(this.#file.fd, bytes);
  }

  sync(): Promise<void> {
    return this.#file.datasync();
  }

  get size(): number {
    return fstatSync(this.#file.fd).size;
  }

  get readUpTo(): number {
    return this.#at;
  }

  /** Reads what is new, and calls back for each record in its order. Returns whether anything was. */
  advance(took: (folded: Folded) => void): boolean {
    return this.#read(took, false);
  }

  #read(took: (folded: Folded) => void, toCheckpoint: boolean): boolean {
    let isNew = false;
    for (;;) {
      const length = readSync(this.#file.fd, scratch, 0, readSize, this.#at);
      if (length === 0) return isNew;
      isNew = true;
      const begin = this.#at - this.#rest.length;
      const read = scratch.subarray(0, length);
      const bytes = this.#rest.length === 0 ? read : Buffer.concat([this.#rest, read]);
      this.#at += length;
      let from = 0;
      for (let end; (end = bytes.indexOf(newline, from)) >= 0; from = end + 1) {
        if (end > from) this.#take(bytes.toString('utf8', from, end), begin + from, end - from, took);
        if (toCheckpoint && this.#fold !== undefined) {
          this.#at = begin + end + 1;
          this.#rest = Buffer.alloc(0);
          return true;
        }
      }
      this.#rest = Buffer.from(bytes.subarray(from));
    }
  }

  /** Reads as far as its checkpoint. */
  begin(): void {
    this.#read(() => undefined, true);
  }

  /** The blocks after an offset, whole, up to about so many messages and bytes. */
  async read(after: number, limit: number, mostBytes: number): Promise<StoredBlock[]> {
    let at = this.#spots.findIndex(({ offset }) => offset > after);
    const blocks: StoredBlock[] = [];
    if (at < 0) return blocks;
    let messages = 0;
    let size = 0;
    for (; at < this.#spots.length && messages < limit && size < mostBytes; at++) {
      const spot = this.#spots[at] as Spot;
      const block = await this.#blockAt(spot);
      messages += block.header.count;
      size += spot.length;
      blocks.push(block);
    }
    return blocks;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #take(text: string, at: number, length: number, took: (folded: Folded) => void): void {
    const line = lineOf(text);
    if (line === undefined) return;
    if (this.#fold === undefined) {
      if (line.proposal.t !== 'checkpoint') return;
      this.#fold = new Fold(line.proposal.state as Checkpoint);
      this.#start = this.#fold.head;
      return;
    }
    const folded = this.#fold.take(line);
    const { block } = folded;
    if (block !== undefined) this.#spots.push({ offset: block.offset, sequence: block.header.sequence, at, length });
    took(folded);
  }

  async #blockAt({ offset, sequence, at, length }: Spot): Promise<StoredBlock> {
    const { buffer } = await this.#file.read(Buffer.allocUnsafe(length), 0, length, at);
    const line = lineOf(buffer.toString('utf8'));
    if (line?.proposal.t !== 'block' || this.#fold === undefined)
      throw new TypeError(`The record at ${at} of segment ${this.number} is damaged.`);
    return this.#fold.stored(line.proposal, line.body, sequence, offset);
  }
}
