// Random use of a log on IndexedDB, compared with plain lists: segments, their compaction and trimming show only here.
import * as fc from 'fast-check';
import type { IndexedDbLog } from '../../../src/browser/indexeddb-log/indexeddb-log.ts';
import { firstOffset, sizeOf } from '../../../src/core/block.ts';
import type { Block, StoredBlock } from '../../../src/core/block.ts';
import { readAll } from '../../../src/testing/log-setup.ts';
import { blockOf, identified, skipOf } from '../../../src/testing/sender.ts';
import { show } from './expect.ts';
import { contentsOf, deleteDatabase, newName, openLog, segmentsOf, send } from './logs.ts';

type ChannelId = 'a' | 'b';
interface BlockShape {
  readonly kind: 'own' | 'identified' | 'skip';
  readonly count: number;
  readonly size: number;
}
type Step = { readonly channelId: ChannelId; readonly waits: boolean } & (
  | { readonly do: 'append'; readonly blocks: readonly BlockShape[] }
  | { readonly do: 'compact' }
  | { readonly do: 'reopen' }
  /** Places are per cent of the channel's head. */
  | { readonly do: 'trim' | 'replace'; readonly place: number }
  | { readonly do: 'read'; readonly place: number; readonly limit: number }
);

const shape: fc.Arbitrary<BlockShape> = fc.record({
  kind: fc.constantFrom('own', 'own', 'own', 'identified', 'skip'),
  count: fc.integer({ min: 1, max: 5 }),
  // Some are small, some are larger than what compaction merges, some are too large for a second one beside them.
  size: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 300 }) },
    { weight: 2, arbitrary: fc.integer({ min: 5_000, max: 30_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 140_000 }) },
  ),
});
const where = { channelId: fc.constantFrom<ChannelId>('a', 'a', 'b'), waits: fc.boolean() };
const place = fc.integer({ min: 0, max: 110 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      ...where,
      do: fc.constant('append' as const),
      blocks: fc.array(shape, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ ...where, do: fc.constant('compact' as const) }) },
  { weight: 2, arbitrary: fc.record({ ...where, do: fc.constant('trim' as const), place }) },
  { weight: 2, arbitrary: fc.record({ ...where, do: fc.constant('replace' as const), place }) },
  {
    weight: 3,
    arbitrary: fc.record({ ...where, do: fc.constant('read' as const), place, limit: fc.integer({ min: 1, max: 50 }) }),
  },
  { weight: 1, arbitrary: fc.record({ ...where, do: fc.constant('reopen' as const) }) },
);

type Known = { readonly offset: number; readonly count: number; readonly json: string; readonly size: number };

/** What a channel should be. */
class Model {
  readonly channelId: ChannelId;
  blocks: Known[] = [];
  /** What was ever under an offset: there is never anything else. */
  readonly ever = new Map<number, Set<string>>();
  first = 1;
  head = 0;
  /** Of the producer whose blocks have their identity. */
  sequence = 0;
  isThere = false;
  #logId: string | undefined;

  constructor(channelId: ChannelId) {
    this.channelId = channelId;
  }

  make({ kind, count, size }: BlockShape): Block {
    const contents = Array.from({ length: count }, (_, at) => `${this.head + at + 1} ${'.'.repeat(size / count)}`);
    this.isThere = true;
    if (kind === 'skip') return skipOf(this.channelId, 'producer', ++this.sequence);
    const block = blockOf(this.channelId, contents);
    const { json } = block as { json: string };
    this.head += count;
    this.blocks.push({ offset: this.head, count, json, size: sizeOf(block) });
    this.ever.set(this.head, new Set([json]));
    return kind === 'own' ? block : identified(block, 'producer', ++this.sequence);
  }

  trim(upTo: number): void {
    this.blocks = this.blocks.filter(({ offset }) => offset > upTo);
    const next = this.blocks[0];
    if (this.first <= upTo) this.first = next === undefined ? this.head + 1 : next.offset - next.count + 1;
  }

  /** The same block with other contents, smaller or larger. */
  replace(block: StoredBlock): StoredBlock {
    const { header, logId, offset, appendedAt } = block;
    const contents = Array.from({ length: header.count }, (_, at) => `new ${'.'.repeat((offset + at) % 500)}`);
    const { json } = blockOf(this.channelId, contents) as { json: string };
    const change = { header, logId, offset, appendedAt, json };
    this.blocks = this.blocks.map((known) =>
      known.offset === offset ? { ...known, json, size: sizeOf(change) } : known,
    );
    this.ever.get(offset)?.add(json);
    return change;
  }

  at(percent: number): number {
    return Math.floor((this.head * percent) / 100);
  }

  /** What is wrong with a page, if something is. */
  wrong(from: number, blocks: readonly StoredBlock[]): string | undefined {
    const expected = this.blocks.filter(({ offset }) => offset > from).slice(0, Math.max(1, blocks.length));
    const found = blocks.map((block) => [block.offset, block.header.count, (block as { json?: string }).json]);
    const wanted = expected.map(({ offset, count, json }) => [offset, count, json]);
    if (JSON.stringify(found) === JSON.stringify(wanted)) return undefined;
    return `channel ${this.channelId} from ${from}: ${show(found)}, not ${show(wanted)}`;
  }

  async check(log: IndexedDbLog, positions: Iterable<number>): Promise<void> {
    const { logId, ...head } = await log.head(this.channelId);
    const bytes = this.blocks.reduce((sum, block) => sum + block.size, 0);
    const expected = { first: this.first, head: this.head, bytes };
    if (JSON.stringify(head) !== JSON.stringify(expected)) throw new Error(`${show(head)}, not ${show(expected)}`);
    if ((logId !== '') !== this.isThere) throw new Error(`channel ${this.channelId} has logId "${logId}"`);
    if (this.isThere && logId !== (this.#logId ??= logId)) throw new Error(`another logId in ${this.channelId}`);
    for (const from of positions) {
      const { blocks } = await log.read(this.channelId, from, (from % 13) + 1);
      const problem = this.wrong(from, blocks);
      if (problem !== undefined) throw new Error(problem);
    }
    const all = await readAll(log, this.channelId, 17);
    if (all.length !== this.blocks.length) throw new Error(`${all.length} blocks, not ${this.blocks.length}`);
    const problem = this.wrong(0, all);
    if (problem !== undefined) throw new Error(problem);
  }
}

const everyPosition = (model: Model): number[] => Array.from({ length: model.head + 2 }, (_, at) => at);

class Run {
  readonly #bus = newName();
  readonly #models = { a: new Model('a'), b: new Model('b') };
  readonly #pending: Promise<unknown>[] = [];
  readonly #done: Record<string, number>;
  #log!: IndexedDbLog;

  constructor(done: Record<string, number>) {
    this.#done = done;
  }

  async run(steps: readonly Step[]): Promise<void> {
    this.#log = await this.#open();
    try {
      for (const next of steps) await this.#step(next);
      await this.#settle();
      await this.#check(everyPosition);
      // The log before has much in memory; this one reads all of it from its database.
      await this.#reopen();
      await this.#check(everyPosition);
      await this.#log.close();
    } finally {
      this.#log.end(undefined);
      await Promise.allSettled(this.#pending);
      await deleteDatabase(this.#bus);
    }
  }

  async #step(next: Step): Promise<void> {
    // It replaces what is there, which it reads first.
    if (next.do === 'replace') await this.#settle();
    this.#done[next.do] = (this.#done[next.do] ?? 0) + 1;
    const result = this.#start(next);
    if (next.waits || next.do === 'reopen') await result;
    else this.#pending.push(result);
  }

  #start(next: Step): Promise<void> {
    const { channelId } = next;
    const model = this.#models[channelId];
    if (next.do === 'reopen') return this.#reopen();
    if (next.do === 'append') return this.#append(model, next.blocks);
    if (next.do === 'compact') return this.#log.compact(channelId);
    if (next.do === 'replace') return this.#replace(model, model.at(next.place));
    if (next.do === 'read') return this.#read(model, model.at(next.place), next.limit);
    // Never beyond what is there: whether later appends are trimmed, too, would be a matter of time.
    const upTo = Math.min(model.at(next.place), model.head);
    model.trim(upTo);
    return this.#log.trim(channelId, upTo);
  }

  async #append(model: Model, shapes: readonly BlockShape[]): Promise<void> {
    const expected: number[] = [];
    const entries = shapes.map((given) => {
      const block = model.make(given);
      expected.push(model.head);
      return { block };
    });
    const verdicts = await this.#log.append(entries);
    const found = verdicts.map((verdict) => (verdict.kind === 'stored' ? verdict.offset : verdict));
    if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`${show(found)}, not ${show(expected)}`);
  }

  async #replace(model: Model, after: number): Promise<void> {
    const [block] = (await this.#log.read(model.channelId, after, 1)).blocks;
    if (block !== undefined) await this.#log.replace(model.replace(block));
  }

  /** While others write: it finds what was there, in order, each block as it was. */
  async #read(model: Model, from: number, limit: number): Promise<void> {
    const { blocks } = await this.#log.read(model.channelId, from, limit);
    let last = 0;
    for (const block of blocks) {
      if (block.offset <= from || (last !== 0 && firstOffset(block) !== last + 1))
        throw new Error(`${block.offset} follows ${last} from ${from}`);
      if (model.ever.get(block.offset)?.has((block as { json: string }).json) !== true)
        throw new Error(`another block at ${block.offset}`);
      last = block.offset;
    }
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#pending.splice(0));
  }

  /** As after a crash: the log before is never closed. */
  async #reopen(): Promise<void> {
    await this.#settle();
    const before = this.#log;
    this.#log = await this.#open();
    before.end(undefined);
    const there = Object.values(this.#models).filter(({ isThere }) => isThere);
    const channels = [...(await this.#log.channels())].toSorted();
    const expected = there.map(({ channelId }) => channelId);
    if (JSON.stringify(channels) !== JSON.stringify(expected)) throw new Error(`channels ${show(channels)}`);
    await this.#check((model) => [0, model.head]);
  }

  async #check(positions: (model: Model) => readonly number[]): Promise<void> {
    for (const model of Object.values(this.#models)) await model.check(this.#log, positions(model));
  }

  #open(): Promise<IndexedDbLog> {
    return openLog(this.#bus);
  }
}

/** How often each step was done. Throws what fast-check says: the seed, and the shortest steps that go wrong. */
export async function checkModel(
  seed: number,
  numRuns: number,
  interruptAfterTimeLimit: number,
): Promise<Record<string, number>> {
  const done: Record<string, number> = { runs: 0 };
  const property = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 40, size: 'max' }), async (steps) => {
    done['runs'] = (done['runs'] ?? 0) + 1;
    await new Run(done).run(steps);
  });
  await fc.assert(property, { seed, numRuns, interruptAfterTimeLimit, includeErrorInReport: true });
  return done;
}

export interface ManyCommits {
  readonly segments: readonly [before: number, after: number];
  readonly readMs: readonly [before: number, after: number];
  readonly first: number;
  readonly head: number;
  /** Positions from which something else was read than should be. */
  readonly wrong: readonly number[];
}

/** Lone messages, a commit each: more than are folded at once, and more than are merged at once. */
export async function manyCommits(count: number): Promise<ManyCommits> {
  const bus = newName();
  const log = await openLog(bus);
  for (let at = 1; at <= count; at++) await send(log, [at]);
  const before = { segments: (await segmentsOf(bus, 'a')).length, ...(await readCold(bus)) };
  await before.log.compact('a');
  const after = { segments: (await segmentsOf(bus, 'a')).length, ...(await readCold(bus)) };
  const { first, head } = await after.log.head('a');
  const wrong: number[] = [];
  for (let from = 0; from < count; from += 41) {
    const [block] = (await after.log.read('a', from, 1)).blocks;
    if (block?.offset !== from + 1 || contentsOf([block])[0] !== from + 1) wrong.push(from);
  }
  for (const each of [log, before.log, after.log]) each.end(undefined);
  await deleteDatabase(bus);
  return { segments: [before.segments, after.segments], readMs: [before.ms, after.ms], first, head, wrong };
}

/** How long a host that has nothing in memory takes to read all of it. */
async function readCold(bus: string): Promise<{ log: IndexedDbLog; ms: number }> {
  const log = await openLog(bus);
  const since = performance.now();
  await readAll(log, 'a', 500);
  return { log, ms: performance.now() - since };
}
