// Random use of the log in localStorage, beside a log in memory that is used alike: with reloads, with little space, and with
// a tab that is killed between any two of its writes.
import { isBusError, MemoryLog } from 'busline/core';
import type { Append, Block, Log } from 'busline/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openLocalStorageLog } from '../../src/browser/local-storage-log/local-storage-log.ts';
import type { LocalStorageLog } from '../../src/browser/local-storage-log/local-storage-log.ts';
import { systemPlatform } from '../../src/core/platform.ts';
import { readAll, said } from '../../src/testing/log-setup.ts';
import { blockOf, identified, skipOf } from '../../src/testing/sender.ts';
import { FakeStorage } from './fake-storage.ts';

type ChannelId = 'a' | 'b';
type Saved = readonly (readonly [name: 'x' | 'y', value: number | undefined])[];
interface Shape {
  readonly channelId: ChannelId;
  readonly kind: 'own' | 'identified' | 'skip' | 'keyed';
  readonly count: number;
  readonly size: number;
  readonly client: 'c' | 'd' | undefined;
  readonly records: Saved;
}
type Step =
  | { readonly do: 'append'; readonly shapes: readonly Shape[] }
  /** What was given so many appends ago. */
  | { readonly do: 'repeat'; readonly ago: number }
  | { readonly do: 'save'; readonly records: Saved }
  /** Places are per cent of the channel's head. */
  | { readonly do: 'trim' | 'replace'; readonly channelId: ChannelId; readonly place: number }
  | { readonly do: 'reload' };

const channelId = fc.constantFrom<ChannelId>('a', 'a', 'b');
const records: fc.Arbitrary<Saved> = fc.array(
  fc.tuple(fc.constantFrom('x' as const, 'y' as const), fc.option(fc.nat(9), { nil: undefined })),
  { maxLength: 2 },
);
const shape: fc.Arbitrary<Shape> = fc.record({
  channelId,
  kind: fc.constantFrom('own', 'own', 'own', 'identified', 'skip', 'keyed'),
  count: fc.integer({ min: 1, max: 3 }),
  size: fc.integer({ min: 0, max: 600 }),
  client: fc.constantFrom('c', 'd', undefined),
  records,
});
const place = fc.integer({ min: 0, max: 110 });
const shapes = fc.array(shape, { minLength: 1, maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('append' as const), shapes }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), ago: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('save' as const), records }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('trim' as const, 'replace' as const), channelId, place }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reload' as const }) },
);

/** All that a reader can see, without what chance has made. */
interface Content {
  readonly records: unknown;
  readonly channels: readonly { readonly head: unknown; readonly blocks: readonly unknown[] }[];
}

async function contentOf(log: Log): Promise<Content> {
  const channels = [...(await log.channels())].toSorted().map(async (name) => {
    const { logId: _, first, ...head } = await log.head(name);
    const blocks = (await readAll(log, name)).map((block) => {
      const { producerId, sequence, count, keys } = block.header;
      const { json } = block as { json: string };
      return [block.offset, count, producerId === log.storeId ? 'own' : producerId, sequence, keys, json];
    });
    return { head: { name, ...head, ...(blocks.length === 0 && { first }) }, blocks };
  });
  const saved = [...(await log.records(''))].toSorted(([x], [y]) => (x < y ? -1 : 1));
  return { records: saved, channels: await Promise.all(channels) };
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Whether some of what a trim drops is gone, oldest first. */
function isBetween(found: Content, before: Content, after: Content): boolean {
  return (
    same(found.records, before.records) &&
    found.channels.every(({ blocks }, at) => {
      const [had = [], left = []] = [before.channels[at]?.blocks, after.channels[at]?.blocks];
      return blocks.length >= left.length && same(blocks, had.slice(had.length - blocks.length));
    })
  );
}

function expectSame(found: unknown, wanted: unknown): void {
  expect(found).toEqual(wanted);
}

const full = 'STORAGE_FULL';

class Pair {
  readonly storage = new FakeStorage();
  readonly memory = new MemoryLog();
  log!: LocalStorageLog;
  content: Content = { records: [], channels: [] };
  /** How often there was no space. */
  refused = 0;
  /** The last push that was acknowledged, with where it is. */
  pushed: { readonly entry: Append; readonly offset: number } | undefined;
  readonly #given: (readonly Append[])[] = [];
  readonly #pushes = { c: 0, d: 0 };
  #made = 0;

  async reload(): Promise<void> {
    this.log = await openIn(this.storage);
  }

  /** Does the same with both; if the one has no space for it, nothing of it may be left. */
  async take(next: Step): Promise<void> {
    const found = await this.#do(next, this.log).catch((error: unknown) => {
      if (!isBusError(error) || error.code !== full) throw error;
      this.refused += 1;
      return full;
    });
    if (found !== full) expectSame(found, await this.#do(next, this.memory));
    this.content = await contentOf(this.memory);
    expectSame(await contentOf(this.log), this.content);
  }

  async #do(next: Step, log: Log): Promise<unknown> {
    switch (next.do) {
      case 'append':
        return this.#append(log, log === this.log ? this.#give(next.shapes) : (this.#given.at(-1) ?? []));
      case 'repeat':
        return this.#append(log, this.#given.at(-1 - next.ago) ?? []);
      case 'save':
        return log.save(next.records);
      case 'trim':
        return log.trim(next.channelId, await this.#offset(next.channelId, next.place));
      case 'replace':
        return this.#replace(log, next.channelId, next.place);
      case 'reload':
      default:
        return log === this.log ? this.reload() : undefined;
    }
  }

  async #append(log: Log, entries: readonly Append[]): Promise<unknown> {
    const verdicts = await log.append(entries);
    verdicts.forEach((verdict, at) => {
      const entry = entries[at] as Append;
      if (entry.push?.n === this.#pushes[(entry.push?.clientId ?? 'c') as 'c' | 'd'] && verdict.kind !== 'refused')
        this.pushed = { entry, offset: verdict.offset };
    });
    return verdicts.map(said);
  }

  async #replace(log: Log, name: ChannelId, percent: number): Promise<void> {
    const [block] = (await log.read(name, await this.#offset(name, percent), 1)).blocks;
    if (block === undefined) return;
    const contents = Array.from({ length: block.header.count }, () => 'x'.repeat((block.offset * 37) % 500));
    const { json } = blockOf(name, contents) as { json: string };
    await log.replace({ ...block, json });
  }

  async #offset(name: ChannelId, percent: number): Promise<number> {
    return Math.floor(((await this.memory.head(name)).head * percent) / 100);
  }

  #give(wanted: readonly Shape[]): readonly Append[] {
    const sequences = new Map<string, number>();
    const entries = wanted.map(({ client, records: beside, ...one }) => ({
      block: this.#make(one, sequences),
      records: beside,
      ...(client !== undefined && { push: { clientId: client, n: ++this.#pushes[client] } }),
    }));
    this.#given.push(entries);
    return entries;
  }

  /** Sequences have gaps where a block was refused before: that is as good a case as any other. */
  #make({ channelId: name, kind, count, size }: Omit<Shape, 'client' | 'records'>, made: Map<string, number>): Block {
    const n = ++this.#made;
    const key = kind === 'keyed' ? `key ${n % 5}` : undefined;
    const contents = Array.from({ length: key === undefined ? count : 1 }, () => `${n} ${'.'.repeat(size)}`);
    const block = blockOf(name, contents, key);
    if (kind !== 'identified' && kind !== 'skip') return block;
    const stored = this.content.channels.find(({ head }) => (head as { name: string }).name === name)?.blocks ?? [];
    const last = stored.findLast((row) => (row as unknown[])[2] === 'p') as unknown[] | undefined;
    const sequence = (made.get(name) ?? (last?.[3] as number | undefined) ?? 0) + 1;
    made.set(name, sequence);
    return kind === 'skip' ? skipOf(name, 'p', sequence) : identified(block, 'p', sequence);
  }
}

function openIn(storage: FakeStorage): Promise<LocalStorageLog> {
  const [isAlive, onEnd] = [() => true, () => undefined];
  return openLocalStorageLog({
    bus: 'bus',
    platform: systemPlatform,
    storage,
    window: new EventTarget(),
    isAlive,
    onEnd,
  });
}

describe('a log in localStorage, after random steps', () => {
  test('holds what a log in memory holds, whatever was refused for want of space', async () => {
    let refused = 0;
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60 }),
      fc.integer({ min: 20_000, max: 40_000 }),
      async (steps, quota) => {
        const pair = new Pair();
        pair.storage.quota = quota;
        await pair.reload();
        for (const next of steps) await pair.take(next);
        await pair.take({ do: 'reload' });
        expect(pair.log.damage).toBe(undefined);
        refused += pair.refused;
      },
    );
    await fc.assert(property, { numRuns: 60 });
    expect(refused).toBeGreaterThan(0);
  });

  /** Looks at what a page finds that is opened after the tab was killed at any write of a step that has this many. */
  const killed = async (steps: readonly Step[], quota: number, fewest = 1): Promise<number> => {
    const pair = new Pair();
    pair.storage.quota = quota;
    let left: FakeStorage[] = [];
    pair.storage.onWrite = () => void left.push(pair.storage.copy());
    let kills = 0;
    await pair.reload();
    for (const next of steps) {
      left = [];
      const [before, acknowledged] = [pair.content, pair.pushed];
      await pair.take(next);
      for (const storage of left.length < fewest ? [] : left) {
        kills += 1;
        const log = await openIn(storage);
        expect(log.damage).toBe(undefined);
        const found = await contentOf(log);
        if (!(next.do === 'trim' && isBetween(found, before, pair.content)) && !same(found, before))
          expect(found).toEqual(pair.content);
        if (acknowledged !== undefined)
          expect((await log.append([acknowledged.entry])).map(said)).toEqual([['known', acknowledged.offset]]);
      }
    }
    return kills;
  };

  test('has all that was acknowledged and nothing torn, wherever between two writes its tab is killed', async () => {
    let kills = 0;
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 30 }),
      fc.constantFrom(20_000, Infinity),
      async (steps, quota) => void (kills += await killed(steps, quota)),
    );
    await fc.assert(property, { numRuns: 20 });
    expect(kills).toBeGreaterThan(100);
  });

  test('and has it when the tab is killed while many commits are folded', async () => {
    const saves = Array.from({ length: 130 }, (_, n): Step => ({ do: 'save', records: [['x', n]] }));
    const one: Shape = { channelId: 'a', kind: 'own', count: 2, size: 9, client: 'c', records: [] };
    const appends = Array.from({ length: 5 }, (): Step => ({ do: 'append', shapes: [one, { ...one, kind: 'keyed' }] }));
    const trims = [40, 100].map((percent): Step => ({ do: 'trim', channelId: 'a', place: percent }));
    const steps: readonly Step[] = [...appends, ...saves, ...trims, { do: 'reload' }, ...appends, ...trims];
    expect(await killed(steps, Infinity, 2)).toBeGreaterThan(130);
  });
});
