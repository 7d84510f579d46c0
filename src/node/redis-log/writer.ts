// Appends to one channel: one batch is under way at a time, and what comes meanwhile makes up the next. A batch whose answer
// did not come is in doubt; it is sent again, as it was, until it is answered: the append rule makes that harmless.

import { rememberedBlocks } from '../../core/append-rule.ts';
import { sizeOf } from '../../core/block.ts';
import type { Block, IdentifiedBlock, StoredBlock } from '../../core/block.ts';
import type { Append, Verdict } from '../../core/log.ts';
import { randomName, systemPlatform } from '../../core/platform.ts';
import { deferred } from '../deferred.ts';
import type { Deferred } from '../deferred.ts';
import { fieldsOf, placed } from './entry.ts';
import { encodedRecord } from '../record-text.ts';
import { said } from './scripts.ts';

const maxBatchSize = 4 * 1024 * 1024;

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
  /** Resolves with what the script answered, after any number of tries. */
  append(channelId: string, blocks: readonly string[], entries: readonly Append[]): Promise<unknown>;
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
    this.#push({ entry, after, blockId, args: this.#arguments(entry, blockId), settle });
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
        for (const { settle } of batch) settle.reject(error);
      }
    }
    this.#isWriting = false;
  }

  #batch(): readonly Pending[] {
    let size = 0;
    const batch: Pending[] = [];
    for (const item of this.#queue) {
      if ('job' in item) break;
      size += sizeOf(item.entry.block);
      const isFull = batch.length === rememberedBlocks || size > maxBatchSize || item.after !== undefined;
      if (batch.length > 0 && isFull) break;
      batch.push(item);
    }
    this.#queue.splice(0, batch.length);
    return batch;
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    const answer = await this.#part.append(
      this.#channelId,
      batch.flatMap(({ args }) => args),
      batch.map(({ entry }) => entry),
    );
    const [logId, now, verdicts] = answer as [string, string, readonly [number, string, string][]];
    const stored: StoredBlock[] = [];
    const told = batch.map(({ entry: { block }, blockId }, at) => {
      const [kind, offset, sequence] = verdicts[at] as [number, string, string];
      const place = { logId, offset: Number(offset), sequence: Number(sequence), appendedAt: Number(now) };
      if (kind === said.stored && block.header.kind !== 'skip')
        stored.push(placed(block, this.#producer(block), blockId, place));
      return verdictOf(kind, block, place);
    });
    this.#part.appended(this.#channelId, stored);
    const last = Math.max(0, ...told.map((verdict) => (verdict.kind === 'refused' ? 0 : verdict.offset)));
    if (last > 0) await this.#part.reached(this.#channelId, logId, last);
    batch.forEach(({ settle }, at) => settle.resolve(told[at] as Verdict));
  }

  #producer(block: Block): string {
    return isIdentified(block) ? block.header.producerId : this.#part.storeId;
  }

  #arguments({ block, push, records = [] }: Append, blockId: string): readonly string[] {
    const { count, kind, keys, priority = 'normal' } = block.header;
    const fields = fieldsOf(block);
    return [
      this.#producer(block),
      String(isIdentified(block) ? block.header.sequence : 0),
      blockId,
      String(count),
      kind === 'skip' ? '1' : '0',
      keys?.[0] ?? '',
      push?.clientId ?? '',
      String(push?.n ?? 0),
      String(sizeOf(block)),
      kind === 'control' ? kind : priority === 'normal' ? '' : priority,
      String(records.length),
      String(fields.length),
      ...records.flatMap(([name, value]) => [name, encodedRecord(value)]),
      ...fields,
    ];
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
