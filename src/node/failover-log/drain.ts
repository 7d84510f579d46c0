// Brings what lies in the spill of a channel home, in the order of the file. Anyone may do it, any number of times: home
// knows what it has.

import { rememberedBlocks } from '../../core/append-rule.ts';
import type { StoredBlock } from '../../core/block.ts';
import { busError } from '../../core/errors.ts';
import type { Log, Position, Verdict } from '../../core/log.ts';
import type { Platform } from '../../core/platform.ts';
import type { Home, ProducerTable } from './home.ts';
import { plain } from './plain.ts';
import { skips } from './skips.ts';

export interface DrainPart {
  readonly channelId: string;
  readonly home: Home;
  readonly spill: Log;
  readonly platform: Platform;
  /** Milliseconds for which the spill is kept after it is home. */
  readonly keep: number;
  /** Whether nobody else will say what became of what this producer sent before. */
  readonly isOrphan: (producerId: string) => Promise<boolean>;
  /** Home has the blocks of this producer, up to this one. */
  readonly drained: (producerId: string, sequence: number) => void;
  /** Blocks of a producer were acknowledged and are nowhere any more. */
  readonly lost: (producerId: string, from: number, to: number) => void;
  readonly failed: (error: unknown) => void;
}

const pageMessages = 1024;
const pause = 100;
const longestPause = 5000;

/** How far a channel's spill is home. */
export const drainedPrefix = 'drained:';

export class Drain {
  readonly #part: DrainPart;
  #isRunning = false;
  #isWanted = false;
  #isClosed = false;
  /** Home may have been set back: what was brought there is looked at again. */
  #isAnew = true;
  #cancel: (() => void) | undefined;
  #pause = pause;

  constructor(part: DrainPart) {
    this.#part = part;
  }

  /** There is something to bring, or home is there again. */
  wake(isAnew = false): void {
    this.#isAnew ||= isAnew;
    this.#isWanted = true;
    if (this.#isRunning || this.#isClosed || !this.#isThere) return;
    this.#isRunning = true;
    this.#run()
      .catch((error: unknown) => {
        if (!this.#isClosed && this.#isThere) this.#failed(error);
        this.#isWanted = true;
      })
      .finally(() => {
        this.#isRunning = false;
        if (this.#isWanted) this.#later();
      });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  get #isThere(): boolean {
    return this.#part.home.isThere.getSnapshot();
  }

  /** One telling is enough for all that is tried until it goes well. */
  #failed(error: unknown): void {
    if (this.#pause === pause) this.#part.failed(error);
    this.#pause = Math.min(longestPause, this.#pause * 2);
  }

  #later(): void {
    this.#cancel?.();
    if (!this.#isClosed && this.#isThere) this.#cancel = this.#part.platform.timer(this.#pause, () => this.wake());
  }

  async #run(): Promise<void> {
    const { channelId, spill } = this.#part;
    while (this.#isWanted && !this.#isClosed && this.#isThere) {
      this.#isWanted = false;
      const name = drainedPrefix + channelId;
      const [isAnew, before] = [this.#isAnew, (await spill.records(name)).get(name) as Position | undefined];
      this.#isAnew = false;
      let mark = isAnew ? 0 : (before?.offset ?? 0);
      for (;;) {
        const page = await spill.read(channelId, mark, pageMessages);
        const last = page.blocks.at(-1);
        if (last === undefined) break;
        const stopped = await this.#bring(page.blocks);
        if (stopped !== undefined) {
          // It waits for its producer.
          this.#isAnew ||= isAnew;
          this.#isWanted = true;
          return;
        }
        mark = last.offset;
        this.#pause = pause;
        if (mark > (before?.offset ?? 0)) await spill.save([[name, { logId: page.logId, offset: mark }]]);
      }
      await this.#trim(mark);
    }
  }

  /** Answers the block that home does not take yet. */
  async #bring(blocks: readonly StoredBlock[]): Promise<StoredBlock | undefined> {
    const { channelId, home } = this.#part;
    const table = await home.producers(channelId, [...new Set(blocks.map(({ header }) => header.producerId))]);
    const missing = blocks.filter(({ header }) => header.sequence > (table.last.get(header.producerId) ?? 0));
    for (const { header } of blocks) {
      const last = table.last.get(header.producerId) ?? 0;
      if (header.sequence <= last) this.#part.drained(header.producerId, header.sequence);
    }
    for (let at = 0; at < missing.length; at += rememberedBlocks) {
      const some = missing.slice(at, at + rememberedBlocks);
      const verdicts = await home.append(some.map((block) => ({ block: plain(block) })));
      for (const [n, block] of some.entries()) {
        const { producerId, sequence } = block.header;
        const isHome = isTaken(verdicts[n]) || (await this.#insist(block, verdicts[n] as Verdict));
        if (!isHome) return block;
        this.#part.drained(producerId, sequence);
      }
    }
    return undefined;
  }

  async #insist(block: StoredBlock, verdict: Verdict): Promise<boolean> {
    const { channelId, home, platform, isOrphan, lost } = this.#part;
    const { producerId, sequence } = block.header;
    const table: ProducerTable = await home.producers(channelId, [producerId]);
    const last = table.last.get(producerId) ?? 0;
    if (sequence <= last) return true;
    if (verdict.kind === 'refused' && verdict.code !== 'GAP') {
      this.#failed(busError(verdict.code, `Home does not take a block of "${channelId}": ${verdict.why}`));
      return false;
    }
    if (last + 1 < sequence) {
      // Home may have been set back while it was brought what is here.
      this.#isAnew = await this.#holds(producerId, last + 1);
      if (this.#isAnew || !(await isOrphan(producerId))) return false;
      await home.append(skips(channelId, producerId, { from: last + 1, to: sequence - 1 }, platform));
      lost(producerId, last + 1, sequence - 1);
    }
    const [again] = await home.append([{ block: plain(block) }]);
    return isTaken(again);
  }

  async #holds(producerId: string, sequence: number): Promise<boolean> {
    const { channelId, spill } = this.#part;
    for (let after = 0; ;) {
      const { blocks } = await spill.read(channelId, after, pageMessages);
      const last = blocks.at(-1);
      if (last === undefined) return false;
      if (blocks.some(({ header }) => header.producerId === producerId && header.sequence === sequence)) return true;
      after = last.offset;
    }
  }

  /** For a while it may be needed again. */
  async #trim(upTo: number): Promise<void> {
    const { channelId, spill, platform, keep } = this.#part;
    const { first } = await spill.head(channelId);
    const oldest = platform.now() - keep;
    const { blocks } = await spill.read(channelId, first - 1, pageMessages);
    const gone = blocks.findLast((block) => block.offset <= upTo && block.appendedAt < oldest);
    if (gone !== undefined) await spill.trim(channelId, gone.offset);
  }
}

function isTaken(verdict: Verdict | undefined): boolean {
  return verdict !== undefined && verdict.kind !== 'refused';
}
