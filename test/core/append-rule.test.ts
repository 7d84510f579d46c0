// The rule that makes every append repeatable, against a model so simple that it can be seen to be right: a list of blocks.
import { MemoryLog } from 'busline/core';
import type { StoredBlock } from 'busline/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IdentifiedBlock } from '../../src/core/block.ts';
import { emptyChannel, Ledger } from '../../src/core/ledger.ts';
import { blockOf, identified, skipOf } from '../../src/testing/sender.ts';
import { testPlatform } from './support.ts';

/** Blocks that a producer could have made: for each sequence the true one, another one, and a skip. */
const variants = ['true', 'other', 'skip'] as const;
type Variant = (typeof variants)[number];

const made = new Map<string, IdentifiedBlock>();

function blockFor(producer: string, sequence: number, variant: Variant, key: string | undefined): IdentifiedBlock {
  const name = `${producer} ${sequence} ${variant} ${key ?? ''}`;
  const block =
    variant === 'skip'
      ? skipOf('a', producer, sequence)
      : identified(
          blockOf(
            'a',
            Array.from({ length: key === undefined ? 1 + (sequence % 3) : 1 }, () => name),
            key,
          ),
          producer,
          sequence,
        );
  if (!made.has(name)) made.set(name, block);
  return made.get(name) as IdentifiedBlock;
}

/** Every block ever accepted from a producer, with the offset that was answered. */
class Model {
  readonly #accepted = new Map<string, { readonly blockId: string; readonly offset: number }[]>();
  readonly #keys = new Map<string, number>();
  head = 0;

  append({ header }: IdentifiedBlock): unknown {
    const { producerId, sequence, blockId, count, kind, keys } = header;
    const accepted = this.#accepted.get(producerId) ?? [];
    this.#accepted.set(producerId, accepted);
    if (sequence > accepted.length + 1) return 'GAP';
    if (sequence <= accepted.length) {
      const had = accepted[sequence - 1];
      const remembered = accepted.length - sequence < 32;
      return remembered && had?.blockId === blockId ? ['known', had.offset] : 'CONFLICT';
    }
    const known = keys === undefined ? undefined : this.#keys.get(keys[0] as string);
    if (known === undefined && kind === 'data') this.head += count;
    const offset = known ?? this.head;
    if (keys !== undefined) this.#keys.set(keys[0] as string, offset);
    accepted.push({ blockId, offset });
    return [known === undefined ? 'stored' : 'known', offset];
  }
}

const step = fc.record({
  producer: fc.constantFrom('p', 'q'),
  /** Seen from the next sequence: 0 is next, below is a repetition, above a gap. */
  distance: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: -36, max: 2 })),
  variant: fc.oneof({ weight: 4, arbitrary: fc.constant<Variant>('true') }, fc.constantFrom(...variants)),
  key: fc.option(fc.constantFrom('k', 'l'), { nil: undefined, freq: 5 }),
});

test('the append rule does what a list of all that was ever accepted would do', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const log = new MemoryLog();
      const model = new Model();
      const told: StoredBlock[] = [];
      log.follow((blocks) => told.push(...blocks));
      const next = new Map<string, number>();
      for (const { producer, distance, variant, key } of steps) {
        const sequence = Math.max(1, (next.get(producer) ?? 1) + distance);
        const block = blockFor(producer, sequence, variant, variant === 'skip' ? undefined : key);
        const [verdict] = await log.append([{ block }]);
        const expected = model.append(block);
        expect(verdict?.kind === 'refused' ? verdict.code : [verdict?.kind, verdict?.offset]).toEqual(expected);
        if (Array.isArray(expected)) next.set(producer, Math.max(next.get(producer) ?? 1, sequence + 1));
      }
      expect((await log.head('a')).head).toBe(model.head);
      expect(told).toEqual((await log.read('a', 0, 10_000)).blocks);
    }),
    { numRuns: 100 },
  );
});

describe('a ledger', () => {
  const entry = (clientId: string, n: number) => ({ block: blockOf('a', [n]), push: { clientId, n } });

  test('can take back what it remembered of clients, if the blocks could not be written', () => {
    const ledger = new Ledger('store', testPlatform());
    const record = emptyChannel();
    expect(ledger.place(record, entry('c', 1)).verdict.kind).toBe('stored');
    const batch = [entry('c', 2), entry('new', 1), { block: blockOf('a', ['without push']) }];
    const back = ledger.checkpoint(batch);
    for (const each of batch) ledger.place(record, each);
    expect(ledger.place(record, entry('c', 2)).verdict.kind).toBe('known');
    back();
    expect(ledger.place(record, entry('c', 1)).verdict.kind).toBe('known');
    expect([entry('c', 2), entry('new', 1)].map((each) => ledger.place(record, each).verdict.kind)).toEqual([
      'stored',
      'stored',
    ]);
  });

  test('says what is wrong with what it refuses', () => {
    const ledger = new Ledger('store', testPlatform());
    const record = emptyChannel();
    const first = identified(blockOf('a', [1]), 'p', 1);
    ledger.place(record, { block: first });
    const refused = [identified(blockOf('a', [1]), 'p', 1), identified(blockOf('a', [1]), 'p', 5)].map(
      (block) => ledger.place(record, { block }).verdict,
    );
    expect(refused).toEqual([
      { kind: 'refused', code: 'CONFLICT', why: 'Block 1 of producer p is another one here.' },
      { kind: 'refused', code: 'GAP', why: 'Producer p is at 1 here, not at 4.' },
    ]);
  });
});
