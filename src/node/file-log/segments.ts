// The files of a journal: which there are, the few older ones that are open, and how content goes from them for good.
//
// Nothing is ever taken away from under a process that is asleep with a file open or about to open it: what is dropped leaves a
// one-line file of its name, and a segment that is written anew gets a name of its own, which only one process can make.

import { link, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { busError } from '../../core/errors.ts';
import { randomName, systemPlatform } from '../../core/platform.ts';
import type { StoredBlock } from '../../core/block.ts';
import { withoutDeleted } from '../without-deleted.ts';
import { beginningOf } from './fold.ts';
import { textOf } from './line.ts';
import type { BlockProposal } from './line.ts';
import { segmentName, segmentOf } from './names.ts';
import { pause } from './room.ts';
import { Segment } from './segment.ts';
import type { OnDamage } from './segment.ts';

/** So many older segments are kept open, with the places of their blocks. */
const mostOpen = 4;
/** After so many that are gone already, those before them are taken to be gone, too. */
const goneInARow = 8;
/** A file that was being made so long ago, in milliseconds, was left behind. */
const leftBehind = 60_000;
/** How often, and after how many milliseconds, it is looked again before a file is called damaged. */
const [looks, lookAfter] = [3, 50] as const;
/** How often a segment that others write anew is looked for, and how often of that without a pause. */
const [mostTries, tryAtOnce] = [100, 10] as const;
const making = '.new';

/** What ends a segment. */
export const seal: Buffer = textOf({ proposal: { t: 'seal', id: '' }, body: '' });
const gone = textOf({ proposal: { t: 'gone' }, body: '' });

interface Sizes {
  readonly was: number;
  readonly size: number;
}
type Placement = Sizes & { readonly generation: number };

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException).code;
}

export class Segments {
  readonly #folder: string;
  readonly #onDamage: OnDamage;
  readonly #open = new Map<number, Promise<Segment | undefined>>();
  #isClosed = false;

  constructor(folder: string, onDamage: OnDamage) {
    this.#folder = folder;
    this.#onDamage = onDamage;
  }

  /** Generations by segment, newest first. */
  async list(): Promise<ReadonlyMap<number, readonly number[]>> {
    const found = new Map<number, number[]>();
    for (const name of await readdir(this.#folder)) {
      const segment = segmentOf(name);
      if (segment !== undefined)
        found.set(
          segment.number,
          [...(found.get(segment.number) ?? []), segment.generation].toSorted((a, b) => b - a),
        );
    }
    return found;
  }

  /** For appending; made if it is not there. */
  async active(number: number): Promise<Segment> {
    const opened = (): Promise<Segment> => Segment.open(number, this.#path(number), 'a+', this.#onDamage);
    return opened().catch(async (error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
      // Somebody has taken the folder away.
      await mkdir(this.#folder, { recursive: true });
      return opened();
    });
  }

  /** On the disk is then that these files are there. */
  async sync(): Promise<void> {
    for (const path of [this.#folder, dirname(this.#folder)]) {
      const folder = await open(path, 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    }
  }

  /** As it is now; undefined if nothing is in it any more. */
  async latest(number: number): Promise<Segment | undefined> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      // Others write it anew again and again.
      if (tries > tryAtOnce) await pause(lookAfter);
      const [generation] = (await this.list()).get(number) ?? [];
      if (generation === undefined) return undefined;
      let segment: Segment;
      try {
        segment = await Segment.open(number, this.#path(number, generation), 'r', this.#onDamage);
      } catch (error) {
        // It was written anew meanwhile.
        if (codeOf(error) === 'ENOENT') continue;
        throw error;
      }
      segment.begin();
      if (!segment.isGone) return segment;
      await segment.close();
      if (generation === 0 && (await this.list()).get(number)?.[0] === 0) return undefined;
    }
    return undefined;
  }

  /** One that is sealed, read to its end. */
  async read<T>(number: number, task: (segment: Segment) => Promise<T>, otherwise: T): Promise<T> {
    if (this.#isClosed) throw busError('CLOSED', 'The log is closed.');
    let opened = this.#open.get(number);
    if (opened === undefined) {
      opened = this.#openOlder(number);
      opened.catch(() => this.#open.delete(number));
    }
    // The one that was used last stands last.
    this.#open.delete(number);
    this.#open.set(number, opened);
    for (const [oldest] of this.#open) {
      if (this.#open.size <= mostOpen) break;
      // Whoever waits for it has its turn before it is closed, as long as nothing is waited for in between.
      void this.forget(oldest);
    }
    const segment = await opened;
    return segment?.fold === undefined ? otherwise : segment.use(task);
  }

  /** It is not what it was. */
  async forget(number: number): Promise<void> {
    const opened = this.#open.get(number);
    this.#open.delete(number);
    await opened?.then(
      (segment) => segment?.close(),
      () => undefined,
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open.keys()].map((number) => this.forget(number)));
  }

  /** Drops what is below these segments, and ends what others had begun to drop. */
  async retire(kept: ReadonlySet<number>, below: number): Promise<void> {
    const files = await this.list();
    let row = 0;
    for (let number = below - 1; number >= 1; number -= 1) {
      const generations = files.get(number) ?? [];
      if (kept.has(number)) {
        await this.#buryOlder(number, generations);
        continue;
      }
      for (const generation of generations) if (generation > 0) await this.#remove(number, generation);
      if (row >= goneInARow) continue;
      if (await this.#isGone(number, 0)) {
        row += 1;
        continue;
      }
      row = 0;
      await this.forget(number);
      await this.#bury(number, 0);
    }
    await this.sweep();
  }

  /** Takes away what was being made when its process died, and what holds these bytes: who is still making it begins anew. */
  async sweep(bytes?: Buffer): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (!name.endsWith(making)) continue;
      const path = join(this.#folder, name);
      const made = await stat(path).catch(() => undefined);
      const isOld = made !== undefined && Date.now() - made.mtimeMs > leftBehind;
      const content = bytes && !isOld ? await readFile(path).catch(() => undefined) : undefined;
      if (isOld || content?.includes(bytes as Buffer) === true) await unlink(path).catch(() => undefined);
    }
  }

  /** Whether these bytes stand anywhere in the file, torn or void ones included. */
  async holds(number: number, bytes: Buffer): Promise<boolean> {
    for (const generation of (await this.list()).get(number) ?? []) {
      const content = await readFile(this.#path(number, generation)).catch(() => undefined);
      if (content?.includes(bytes) === true) return true;
    }
    return false;
  }

  /**
   * Writes a sealed segment anew: with another body for this block, without what is below `first`, and without all that nothing
   * came of. `retire` takes away what it was. Resolves with how large the block was at first and is now, if it is in this segment.
   */
  async rewrite(number: number, block: StoredBlock, first: number): Promise<Placement | undefined> {
    for (;;) {
      const segment = await this.latest(number);
      if (segment === undefined) return undefined;
      try {
        segment.advance(() => undefined);
        const { texts, placement } = await rewritten(segment, block, first);
        const [generation = 0] = (await this.list()).get(number) ?? [];
        // Somebody else has written it anew: what they took out must stay out.
        if (segment.path !== this.#path(number, generation)) continue;
        if (!(await this.#make(segmentName(number, generation + 1), texts, link))) continue;
        return placement && { ...placement, generation: generation + 1 };
      } finally {
        await segment.close();
        await this.forget(number);
      }
    }
  }

  /** One that was dropped has left a line, and nothing else; one that is being written anew just now is there in a moment. */
  async #isDropped(number: number): Promise<boolean> {
    const generations = (await this.list()).get(number) ?? [];
    return generations.length === 1 && generations[0] === 0 && (await this.#isGone(number, 0));
  }

  async #openOlder(number: number): Promise<Segment | undefined> {
    for (let look = 1; ; look += 1) {
      const segment = await this.latest(number);
      if (segment?.fold !== undefined) segment.advance(() => undefined);
      if (segment?.fold?.isSealed === true) return segment;
      if (segment === undefined && (await this.#isDropped(number))) return undefined;
      // It was cut short or taken away, or others are at it just now.
      if (look === looks) {
        this.#onDamage(segment?.path ?? this.#path(number), segment?.fold === undefined ? 0 : segment.readUpTo);
        return segment;
      }
      await segment?.close();
      await pause(lookAfter);
    }
  }

  #path(number: number, generation = 0): string {
    return join(this.#folder, segmentName(number, generation));
  }

  /** All but the newest. Their names stay: whoever slept while it made one of them must not make it now. */
  async #buryOlder(number: number, generations: readonly number[]): Promise<void> {
    for (const generation of generations.slice(1))
      if (!(await this.#isGone(number, generation))) await this.#bury(number, generation);
  }

  async #remove(number: number, generation: number): Promise<void> {
    await unlink(this.#path(number, generation)).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
  }

  async #isGone(number: number, generation: number): Promise<boolean> {
    try {
      return (await stat(this.#path(number, generation))).size <= gone.length;
    } catch (error) {
      // Somebody has taken it away.
      if (codeOf(error) === 'ENOENT') return true;
      throw error;
    }
  }

  async #bury(number: number, generation: number): Promise<void> {
    while (!(await this.#make(segmentName(number, generation), [gone], rename)));
  }

  /** Whole or not at all. Resolves with false if that must be tried anew: others made it, or took away what was made. */
  async #make(name: string, texts: readonly Buffer[], how: typeof link): Promise<boolean> {
    const path = join(this.#folder, `${name}.${randomName(systemPlatform)}${making}`);
    const file = await open(path, 'wx');
    try {
      await file.writeFile(Buffer.concat(texts));
      await file.datasync();
      await how(path, join(this.#folder, name));
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST' || codeOf(error) === 'ENOENT') return false;
      throw error;
    } finally {
      await file.close();
      await unlink(path).catch(() => undefined);
    }
  }
}

async function rewritten(
  segment: Segment,
  { header: { blockId }, ...changed }: StoredBlock,
  first: number,
): Promise<{ texts: readonly Buffer[]; placement: Sizes | undefined }> {
  const { fold } = segment;
  if (fold === undefined) throw new TypeError(`${segment.path} has no beginning.`);
  const texts = [textOf(beginningOf(fold))];
  let placement: Sizes | undefined;
  for await (const { block, proposal, size } of segment.placed(first)) {
    const isIt = block.offset === changed.offset && block.header.blockId === blockId;
    const now = isIt ? withoutDeleted({ header: block.header, ...changed }, block) : block;
    if (!('json' in now)) throw new TypeError('A block must be encoded before it leaves the process.');
    if (isIt) placement = { was: size, size: now.json.length + bytesOf(now.buffers) };
    const bytes = now.buffers?.map((buffer) => Buffer.from(buffer).toString('base64'));
    const { push: _push, records: _records, head: _head, bytes: _bytes, ...same } = proposal;
    const kept: BlockProposal = {
      ...same,
      sequence: block.header.sequence,
      kept: { offset: block.offset, size },
      ...(bytes && { bytes }),
    };
    texts.push(textOf({ proposal: kept, body: now.json }));
  }
  return { texts: [...texts, seal], placement };
}

function bytesOf(buffers: readonly Uint8Array[] = []): number {
  return buffers.reduce((sum, { length }) => sum + length, 0);
}
