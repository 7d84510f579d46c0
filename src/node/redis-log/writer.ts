// Appends to one channel: one batch is under way at a time, and what comes meanwhile makes up the next. A batch whose answer
// did not come is in doubt; it is sent again, as it was, until it is answered: the append rule makes that harmless.

import { rememberedBlocks } from '../../core/append-rule.ts';
import { isBusError, toRecord } from '../../core/errors.ts';
import type { BusError } from '../../core/errors.ts';
import { sizeOf } from '../../core/block.ts';
import type { Block, IdentifiedBlock, StoredBlock } from '../../core/block.ts';
import type { Append, Verdict } from '../../core/log.ts';
import { randomName, systemPlatform } from '../../core/platform.ts';
import { deferred } from '../deferred.ts';
import type { Deferred } from '../deferred.ts';
import { placed } from './entry.ts';
import { answersOf } from './answers.ts';
import { argumentsOf } from './arguments.ts';
import type { Answer } from './answers.ts';
import { said } from './scripts.ts';

/** Less than the least that a Redis can be set to take at once. */
const maxBatchSize = 900_000;

interface Pending {
  readonly entry: Append;
  /** It must come after this, and so begins a batch. */
  readonly after: Promise<unknown> | undefined;
  readonly blockId: string;
  readonly args: readonly string[];
  readonly settle: Deferred<Verdict>;
}

/** Something else, in its turn. */
interface Job {
  readonly job: () => Promise<unknown>;
}

export interface WriterPart {
  readonly storeId: string;
  /** What appends these and resolves with the script's answer, after any number of tries; called again, nothing twice. */
  batch(channelId: string, blocks: readonly string[], entries: readonly Append[]): () => Promise<unknown>;
  /** Which server it is that answers. */
  identity(): string;
  /** Whether it still is, or for all that is known. Resolves when a server is there. */
  isStill(identity: string): Promise<boolean>;
  /** Tells the followers. */
  appended(channelId: string, blocks: readonly StoredBlock[]): void;
  reached(channelId: string, logId: string, offset: number): Promise<void>;
}

function isIdentified(block: Block): block is IdentifiedBlock {
  return 'producerId' in block.header;
}

export class Writer {
  readonly #channelId: string;
  readonly #part: WriterPart;
  readonly #queue: (Pending | Job)[] = [];
  #isWriting = false;

  constructor(channelId: string, part: WriterPart) {
    this.#channelId = channelId;
    this.#part = part;
  }

  get isIdle(): boolean {
    return !this.#isWriting;
  }

  run(job: () => Promise<unknown>): void {
    this.#push({ job });
  }

  append(entry: Append, after?: Promise<unknown>): Promise<Verdict> {
    const blockId = isIdentified(entry.block)
      ? entry.block.header.blockId
      : (entry.blockId ?? randomName(systemPlatform));
    const settle = deferred<Verdict>();
    this.#push({ entry, after, blockId, args: argumentsOf(entry, this.#producer(entry.block), blockId), settle });
    return settle.promise;
  }

  #push(item: Pending | Job): void {
    this.#queue.push(item);
    if (this.#isWriting) return;
    this.#isWriting = true;
    // What is given in one turn is one batch.
    queueMicrotask(() => void this.#writeAll());
  }

  async #writeAll(): Promise<void> {
    for (let next; (next = this.#queue[0]) !== undefined;) {
      if ('job' in next) {
        this.#queue.shift();
        await next.job().catch(() => undefined);
        continue;
      }
      const batch = this.#batch();
      try {
        await next.after;
        await this.#write(batch);
      } catch (error) {
        await this.#failed(batch, error);
      }
    }
    this.#isWriting = false;
  }

  /** Redis took nothing of this batch. */
  async #failed(batch: readonly Pending[], error: unknown): Promise<void> {
    const code = isBusError(error) ? error.code : '';
    if (code === 'MESSAGE_TOO_LARGE' && batch.length > 1) {
      for (const one of batch) await this.#write([one]).catch((reason: unknown) => this.#failed([one], reason));
      return;
    }
    for (const { settle } of batch) {
      if (code === 'STORAGE_FULL' || code === 'MESSAGE_TOO_LARGE')
        settle.resolve({
          kind: 'refused',
          code,
          why: toRecord(error as BusError).message,
          isFull: code === 'STORAGE_FULL',
        });
      else settle.reject(error);
    }
  }

  #batch(): readonly Pending[] {
    let size = 0;
    const batch: Pending[] = [];
    for (const item of this.#queue) {
      if ('job' in item) break;
      size += sizeOf(item.entry.block);
      const isFull = batch.length === rememberedBlocks || size > maxBatchSize || item.after !== undefined;
      // What must be on disk makes nobody else wait, or fail.
      const isOther = batch.length > 0 && batch[0]?.entry.flush !== item.entry.flush;
      if (batch.length > 0 && (isFull || isOther)) break;
      batch.push(item);
    }
    this.#queue.splice(0, batch.length);
    return batch;
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    const append = this.#part.batch(
      this.#channelId,
      batch.flatMap(({ args }) => args),
      batch.map(({ entry }) => entry),
    );
    for (;;) {
      const answer = await append();
      const identity = this.#part.identity();
      const told = await this.#told(batch, answer as [string, string]);
      // Another server may be there that has not got it, and this process has not given it back: it did not hold it yet.
      if (!(await this.#part.isStill(identity))) continue;
      batch.forEach(({ settle }, at) => settle.resolve(told[at] as Verdict));
      return;
    }
  }

  /** The followers have it before its sender knows. */
  async #told(batch: readonly Pending[], [logId, text]: [string, string]): Promise<readonly Verdict[]> {
    const { appendedAt, verdicts } = answersOf(text);
    const stored: StoredBlock[] = [];
    const told = batch.map(({ entry: { block }, blockId }, at) => {
      const { kind, offset, sequence } = verdicts[at] as Answer;
      if (kind === said.stored && block.header.kind !== 'skip')
        stored.push(placed(block, this.#producer(block), blockId, { logId, offset, sequence, appendedAt }));
      return verdictOf(kind, block, { logId, offset });
    });
    this.#part.appended(this.#channelId, stored);
    const last = Math.max(0, ...told.map((verdict) => (verdict.kind === 'refused' ? 0 : verdict.offset)));
    if (last > 0) await this.#part.reached(this.#channelId, logId, last);
    return told;
  }

  #producer(block: Block): string {
    return isIdentified(block) ? block.header.producerId : this.#part.storeId;
  }
}

function verdictOf(kind: number, { header }: Block, { logId, offset }: { logId: string; offset: number }): Verdict {
  const producer = 'producerId' in header ? (header as IdentifiedBlock['header']) : undefined;
  if (kind === said.stored) return { kind: 'stored', logId, offset };
  if (kind === said.known) return { kind: 'known', logId, offset };
  if (kind === said.conflict)
    return {
      kind: 'refused',
      code: 'CONFLICT',
      why: `Block ${producer?.sequence} of producer ${producer?.producerId} is another one here.`,
    };
  if (kind === said.gap)
    return {
      kind: 'refused',
      code: 'GAP',
      why: `Producer ${producer?.producerId} is at ${offset} here, not at ${(producer?.sequence ?? 0) - 1}.`,
    };
  return { kind: 'refused', code: 'STORAGE_FULL', why: 'It was refused before.' };
}
