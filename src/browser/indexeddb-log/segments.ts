// Reading and reshaping segments: the records that hold the blocks. All of it only reads; what is to be written is returned.

import { firstOffset, sizeOf } from '../../core/block.ts';
import type { StoredBlock } from '../../core/block.ts';
import { indexAfter, indexOf } from '../../core/pages.ts';
import type { Database, Reading } from './database.ts';

const end = Number.MAX_SAFE_INTEGER;
/** Segments at least this large are left as they are. */
const largeEnough = 64 * 1024;
const maxMerged = 512 * 1024;
const mergedAtOnce = 512;

export function after(channelId: string, offset: number): IDBKeyRange {
  return IDBKeyRange.bound([channelId, offset], [channelId, end], true);
}

function upTo(channelId: string, offset: number): IDBKeyRange {
  return IDBKeyRange.bound([channelId, 0], [channelId, offset]);
}

export function sizeOfAll(blocks: readonly StoredBlock[]): number {
  return blocks.reduce((size, block) => size + sizeOf(block), 0);
}

/** The first so many, or all. */
export function segmentsIn(database: Database, range: IDBKeyRange, count?: number): Promise<StoredBlock[][]> {
  return database.read(['segments'], (transaction) => transaction.objectStore('segments').getAll(range, count));
}

/** The offset of the last message that is kept; 0 if there is none. */
export async function lastOffset(transaction: Reading<'channels' | 'segments'>, channelId: string): Promise<number> {
  const cursor = await transaction.objectStore('segments').openKeyCursor(after(channelId, 0), 'prev');
  return cursor?.key[1] ?? 0;
}

export interface Change {
  readonly deleted: readonly IDBKeyRange[];
  readonly added: readonly (readonly StoredBlock[])[];
}

/** What small neighbours look like as larger segments. `next` is where to go on; undefined at the end. */
export async function merged(
  database: Database,
  channelId: string,
  from: number,
): Promise<Change & { readonly next: number | undefined }> {
  const segments = await segmentsIn(database, after(channelId, from), mergedAtOnce);
  const deleted: IDBKeyRange[] = [];
  const added: StoredBlock[][] = [];
  let run: StoredBlock[][] = [];
  let size = 0;
  const flush = (): void => {
    const blocks = run.flat();
    if (run.length > 1) {
      added.push(blocks);
      const first = (run[0] as StoredBlock[]).at(-1) as StoredBlock;
      deleted.push(IDBKeyRange.bound([channelId, first.offset], [channelId, (blocks.at(-1) as StoredBlock).offset]));
    }
    run = [];
    size = 0;
  };
  for (const segment of segments) {
    const own = sizeOfAll(segment);
    if (own >= largeEnough || size + own > maxMerged) flush();
    if (own >= largeEnough) continue;
    run.push(segment);
    size += own;
  }
  flush();
  const next = segments.length === mergedAtOnce ? segments.at(-1)?.at(-1)?.offset : undefined;
  return { deleted, added, next };
}

export interface Replaced {
  readonly segment: readonly StoredBlock[];
  /** How much more it takes than before. */
  readonly growth: number;
}

/** The segment of a block with this one in its place; undefined if no such block is kept. */
export async function replaced(database: Database, block: StoredBlock): Promise<Replaced | undefined> {
  const [segment = []] = await segmentsIn(database, after(block.header.channelId, block.offset - 1), 1);
  const at = indexOf(segment, block);
  if (at < 0) return undefined;
  return {
    segment: segment.map((other, place) => (place === at ? block : other)),
    growth: sizeOf(block) - sizeOf(segment[at] as StoredBlock),
  };
}

export interface Trimmed extends Change {
  readonly first: number;
  readonly bytes: number;
  readonly keys: readonly string[];
}

/** What is left when all blocks that end at or below `offset` are dropped. `head` is that of the channel. */
export async function trimmed(database: Database, channelId: string, offset: number, head: number): Promise<Trimmed> {
  const whole = await segmentsIn(database, upTo(channelId, offset));
  const [straddling] = await segmentsIn(database, after(channelId, offset), 1);
  const split = straddling === undefined ? 0 : indexAfter(straddling, offset);
  const gone = [...whole.flat(), ...(straddling ?? []).slice(0, split)];
  const rest = split > 0 ? (straddling as StoredBlock[]).slice(split) : undefined;
  const next = straddling?.[split];
  return {
    deleted: [
      upTo(channelId, offset),
      ...(rest === undefined ? [] : [IDBKeyRange.only([channelId, (rest.at(-1) as StoredBlock).offset])]),
    ],
    added: rest === undefined ? [] : [rest],
    first: next === undefined ? head + 1 : firstOffset(next),
    bytes: sizeOfAll(gone),
    keys: gone.flatMap((block) => block.header.keys ?? []),
  };
}
