// Readers against a simple model: whatever is appended, trimmed and credited in between, a reader sees each channel as the
// list that it is: in order, nothing twice, and nothing left out but what was trimmed, which it is told.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { From, Message, Position, Reset, StoredBlock } from 'busline/core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstOffset, weightOf } from '../../src/core/block.ts';
import type { Reader, Sink } from '../../src/core/host.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { blockOf } from '../../src/testing/sender.ts';
import { numbers, quiet, wrapped } from './support.ts';

const channels = ['a', 'b'] as const;

type Act =
  | { readonly kind: 'append'; readonly channel: string; readonly counts: readonly number[] }
  | { readonly kind: 'trim'; readonly channel: string; readonly share: number }
  | { readonly kind: 'credit'; readonly blocks: number }
  | { readonly kind: 'turns'; readonly turns: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      channel: fc.constantFrom(...channels),
      counts: fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 1, maxLength: 40 }),
    }),
  },
  fc.record({
    kind: fc.constant('trim' as const),
    channel: fc.constantFrom(...channels),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('credit' as const), blocks: fc.integer({ min: 1, max: 100 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('turns' as const), turns: fc.integer({ min: 0, max: 8 }) }) },
);

/** A sink that credits only when it is told to, and checks every block and reset against what it had. */
class Witness implements Sink {
  readonly at = new Map<string, Position>();
  readonly owed: number[] = [];
  readonly wrong: string[] = [];
  reader: Reader | undefined;
  isLive = false;
  most = 0;

  started(positions: Record<string, Position>): void {
    for (const [channelId, position] of Object.entries(positions)) this.at.set(channelId, position);
  }

  block(block: StoredBlock): void {
    const { channelId } = block.header;
    const had = this.at.get(channelId)?.offset ?? 0;
    // The first block may begin before a position inside it.
    if (firstOffset(block) > had + 1 || block.offset <= had) this.wrong.push(`${firstOffset(block)} after ${had}`);
    this.at.set(channelId, { logId: block.logId, offset: block.offset });
    this.owed.push(weightOf(block));
    this.most = Math.max(
      this.most,
      this.owed.reduce((sum, weight) => sum + weight, 0),
    );
  }

  reset(reset: Reset): void {
    if (reset.now.offset <= (this.at.get(reset.channelId)?.offset ?? 0))
      this.wrong.push(`reset to ${reset.now.offset}`);
    this.at.set(reset.channelId, reset.now);
  }

  live(): void {
    if (this.isLive) this.wrong.push('live twice');
    this.isLive = true;
  }

  credit(blocks: number): void {
    for (const weight of this.owed.splice(0, blocks)) this.reader?.credit(weight);
  }

  ephemeral(): void {}
  positions(): Record<string, Position> {
    return Object.fromEntries(this.at);
  }
  lost(): void {
    this.wrong.push('lost');
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}

async function perform(log: MemoryLog, witness: Witness, step: Act): Promise<void> {
  if (step.kind === 'append') {
    await log.append(step.counts.map((count) => ({ block: blockOf(step.channel, numbers(1, count)) })));
  } else if (step.kind === 'trim') {
    await log.trim(step.channel, Math.floor((await log.head(step.channel)).head * step.share));
  } else if (step.kind === 'credit') {
    witness.credit(step.blocks);
  } else {
    await turns(step.turns);
  }
}

test('a reader is never given a gap or a double, nor more than it has credit for', { timeout: 60_000 }, async () => {
  const froms = fc.constantFrom<From>('now', 'earliest', { last: 300 });
  const run = fc.record({
    before: fc.array(act, { maxLength: 5 }),
    from: froms,
    pattern: fc.constantFrom('a', '*'),
    after: fc.array(act, { maxLength: 30 }),
  });
  await fc.assert(
    fc.asyncProperty(run, async ({ before, from, pattern, after }) => {
      const log = new MemoryLog();
      const host = new LogHost(log, { host: 'process', why: '', durability: 'memory' });
      const witness = new Witness();
      for (const step of before) await perform(log, witness, step);
      witness.reader = host.open({ pattern, from, ephemeral: false }, witness);
      for (const step of after) await perform(log, witness, step);
      // A window and a page, and the block that crossed the line.
      expect(witness.most).toBeLessThan(16_384 + 2048 + 256 * 2);
      for (let round = 0; round < 200 && (round < 2 || witness.owed.length > 0); round++) {
        await quiet();
        witness.credit(1000);
      }
      expect(witness.wrong).toEqual([]);
      expect(witness.isLive).toBe(true);
      for (const channelId of pattern === 'a' ? ['a'] : await log.channels()) {
        expect(witness.at.get(channelId)?.offset ?? 0).toBe((await log.head(channelId)).head);
      }
      expect(host.events.counts.size).toBe(0);
    }),
    { numRuns: 100 },
  );
});

type Beginning = 'now' | 'earliest' | { readonly last: number } | { readonly after: number };

/** What to give to `from`, and after which message that begins. */
function beginning(from: Beginning, head: number, pattern: string): readonly [From, number] {
  if (from === 'now') return [from, head];
  if (from === 'earliest') return [from, 0];
  if ('last' in from) return [from, Math.max(0, head - from.last)];
  const position = { logId: '', offset: Math.min(from.after, head) };
  return [pattern === 'a' ? position : { a: position }, position.offset];
}

test(
  'history runs over into live without gap or double, however sending and reading interleave',
  { timeout: 60_000 },
  async () => {
    const run = fc.record({
      before: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 10 }),
      after: fc.array(fc.tuple(fc.nat({ max: 6 }), fc.integer({ min: 1, max: 20 })), { maxLength: 20 }),
      delays: fc.infiniteStream(fc.nat({ max: 5 })),
      /** From so many before the end, or after so many from the beginning. */
      from: fc.oneof(
        fc.constantFrom('now' as const, 'earliest' as const),
        fc.record({ last: fc.nat({ max: 100 }) }),
        fc.record({ after: fc.nat({ max: 100 }) }),
      ),
      pattern: fc.constantFrom('a', 'a*'),
    });
    await fc.assert(
      fc.asyncProperty(run, async ({ before, after, delays, from, pattern }) => {
        const memory = new MemoryLog();
        const delayed = async <T>(answer: () => Promise<T>): Promise<T> => {
          await turns(delays.next().value);
          const value = await answer();
          await turns(delays.next().value);
          return value;
        };
        const log = wrapped(memory, {
          read: (...asked) => delayed(() => memory.read(...asked)),
          head: (channelId) => delayed(() => memory.head(channelId)),
          channels: () => delayed(() => memory.channels()),
        });
        const writer = new MessageBusCore({ log: memory });
        let sent = 0;
        const send = (count: number): Promise<unknown> =>
          Promise.all(numbers(1, count).map(() => writer.send({ channelId: 'a', content: ++sent })));
        for (const count of before) await send(count);
        const head = sent;
        const [start, first] = beginning(from, head, pattern);
        const got: Message[] = [];
        const bus = new MessageBusCore({ log });
        const subscription = bus.subscribe(pattern, (message) => got.push(message), { from: start });
        const sendings: Promise<unknown>[] = [];
        for (const [wait, count] of after) {
          await turns(wait);
          sendings.push(send(count));
        }
        await Promise.all([...sendings, subscription.ready]);
        for (let round = 0; round < 5; round++) await quiet();
        expect(got.map(({ content }) => content)).toEqual(numbers(first + 1, sent));
        expect(got.map(({ offset }) => offset)).toEqual(numbers(first + 1, sent));
      }),
      { numRuns: 100 },
    );
  },
);

test('the memory log reads what a list would give, after any appends and trims', { timeout: 60_000 }, async () => {
  const steps = fc.array(
    fc.oneof(
      fc.integer({ min: 1, max: 30 }).map((count) => ({ count })),
      fc.nat({ max: 200 }).map((trim) => ({ trim })),
    ),
    { maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.array(fc.tuple(fc.nat({ max: 300 }), fc.integer({ min: 1, max: 100 }))),
      async (acts, reads) => {
        const log = new MemoryLog();
        let model: { first: number; last: number }[] = [];
        let head = 0;
        for (const step of acts) {
          if ('count' in step) {
            await log.append([{ block: blockOf('a', numbers(1, step.count)) }]);
            model.push({ first: head + 1, last: head + step.count });
            head += step.count;
          } else {
            await log.trim('a', step.trim);
            model = model.filter(({ last }) => last > step.trim);
          }
        }
        expect(await log.head('a')).toMatchObject({ head, first: model[0]?.first ?? head + 1 });
        for (const [after, limit] of reads) {
          const rest = model.filter(({ last }) => last > after);
          let messages = 0;
          const expected = rest.filter(({ first, last }) => {
            const fits = messages < limit;
            messages += last - first + 1;
            return fits;
          });
          const { blocks } = await log.read('a', after, limit);
          expect(blocks.map((block) => ({ first: firstOffset(block), last: block.offset }))).toEqual(expected);
        }
      },
    ),
  );
});
