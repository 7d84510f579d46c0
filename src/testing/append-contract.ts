// The part of the log suite about what is appended and what is not: the append rule, keys, and pushes.

import { rememberedBlocks } from '../core/append-rule.ts';
import { rememberedPushes } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import { append, appendAll, contentsOf, readAll, said } from './log-setup.ts';
import type { LogTest } from './log-setup.ts';
import type { Runner } from './runner.ts';
import { blockOf, identified, skipOf } from './sender.ts';

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

async function contents(log: Log, channelId = 'a'): Promise<readonly unknown[]> {
  return contentsOf(await readAll(log, channelId)).map(([, content]) => content);
}

export function testAppendRule({ describe, expect }: Runner, test: LogTest): void {
  describe('a block that has its identity', () => {
    test('is appended if it is next in its sequence, and keeps its identity', async (log) => {
      const blocks = [identified(blockOf('a', [1, 2]), 'p', 1), identified(blockOf('a', [3]), 'p', 2)];
      expect(await appendAll(log, blocks)).toEqual([
        ['stored', 2],
        ['stored', 3],
      ]);
      const kept = (await readAll(log, 'a')).map(({ header: { producerId, sequence, blockId } }) => [
        producerId,
        sequence,
        blockId,
      ]);
      expect(kept).toEqual(blocks.map(({ header }) => [header.producerId, header.sequence, header.blockId]));
    });

    test('that comes again is answered with the offset it has', async (log) => {
      const blocks = numbers(1, 3).map((n) => identified(blockOf('a', [n, n]), 'p', n));
      await appendAll(log, blocks);
      expect(await appendAll(log, blocks)).toEqual([
        ['known', 2],
        ['known', 4],
        ['known', 6],
      ]);
      expect((await log.head('a')).head).toBe(6);
    });

    test('is recognised among the last 32 of its producer, and never taken for new beyond them', async (log) => {
      const blocks = numbers(1, rememberedBlocks + 8).map((n) => identified(blockOf('a', [n]), 'p', n));
      await appendAll(log, blocks);
      expect(await appendAll(log, blocks.slice(8))).toEqual(numbers(9, rememberedBlocks + 8).map((n) => ['known', n]));
      expect(await appendAll(log, blocks.slice(0, 8))).toEqual(numbers(1, 8).map(() => 'CONFLICT'));
      expect((await log.head('a')).head).toBe(rememberedBlocks + 8);
    });

    test('is a conflict where another block has its sequence', async (log) => {
      await append(log, identified(blockOf('a', [1]), 'p', 1));
      expect(said(await append(log, identified(blockOf('a', ['other']), 'p', 1)))).toBe('CONFLICT');
      expect(await contents(log)).toEqual([1]);
    });

    test('is a gap where blocks before it are missing', async (log) => {
      expect(said(await append(log, identified(blockOf('a', [2]), 'p', 2)))).toBe('GAP');
      await append(log, identified(blockOf('a', [1]), 'p', 1));
      expect(said(await append(log, identified(blockOf('a', [3]), 'p', 3)))).toBe('GAP');
      expect(await contents(log)).toEqual([1]);
    });

    test('may be a skip, which fills the sequence and takes no offset', async (log) => {
      const skip = skipOf('a', 'p', 2);
      await append(log, identified(blockOf('a', [1]), 'p', 1));
      expect(said(await append(log, skip))).toEqual(['stored', 1]);
      expect(said(await append(log, skip))).toEqual(['known', 1]);
      expect(said(await append(log, identified(blockOf('a', [3]), 'p', 3)))).toEqual(['stored', 2]);
      expect(await contents(log)).toEqual([1, 3]);
    });

    test('is counted for each producer and channel apart', async (log) => {
      const blocks = ['p', 'q'].flatMap((producer) =>
        ['a', 'b'].map((channelId) => identified(blockOf(channelId, [producer]), producer, 1)),
      );
      expect(await appendAll(log, blocks)).toEqual([
        ['stored', 1],
        ['stored', 1],
        ['stored', 2],
        ['stored', 2],
      ]);
    });

    test('that is refused does not touch the others of its append', async (log) => {
      const entries = [blockOf('a', [1]), identified(blockOf('a', [2]), 'p', 7), blockOf('a', [3])].map((block) => ({
        block,
      }));
      expect((await log.append(entries)).map(said)).toEqual([['stored', 1], 'GAP', ['stored', 2]]);
      expect(await contents(log)).toEqual([1, 3]);
    });
  });
}

export function testKeys({ describe, expect }: Runner, test: LogTest): void {
  describe('an id given by the caller', () => {
    test('is a key in its channel: what comes second is answered with the offset of the first', async (log) => {
      await append(log, blockOf('a', [0]));
      expect(said(await append(log, blockOf('a', ['first'], 'key')))).toEqual(['stored', 2]);
      await append(log, blockOf('a', [0]));
      expect(said(await append(log, blockOf('a', ['second'], 'key')))).toEqual(['known', 2]);
      expect(said(await append(log, blockOf('b', ['elsewhere'], 'key')))).toEqual(['stored', 1]);
      expect(await contents(log)).toEqual([0, 'first', 0]);
    });

    test('is a key within one append, too', async (log) => {
      const entries = ['first', 'second'].map((content) => ({ block: blockOf('a', [content], 'key') }));
      expect((await log.append(entries)).map(said)).toEqual([
        ['stored', 1],
        ['known', 1],
      ]);
      expect(await contents(log)).toEqual(['first']);
    });

    test('that is known fills the place of its block in the sequence of its producer', async (log) => {
      await append(log, blockOf('a', ['first'], 'key'));
      const again = identified(blockOf('a', ['second'], 'key'), 'p', 1);
      expect(await appendAll(log, [again, again])).toEqual([
        ['known', 1],
        ['known', 1],
      ]);
      expect(said(await append(log, identified(blockOf('a', ['next']), 'p', 2)))).toEqual(['stored', 2]);
      expect(await contents(log)).toEqual(['first', 'next']);
    });

    test('is free again when its block was trimmed', async (log) => {
      await append(log, blockOf('a', ['first'], 'key'));
      await append(log, blockOf('a', ['kept'], 'kept'));
      await log.trim('a', 1);
      expect(said(await append(log, blockOf('a', ['again'], 'key')))).toEqual(['stored', 3]);
      expect(said(await append(log, blockOf('a', ['again'], 'kept')))).toEqual(['known', 2]);
    });
  });
}

export function testPushes({ describe, expect }: Runner, test: LogTest): void {
  const push = async (log: Log, clientId: string, n: number, content: unknown = n): Promise<unknown> => {
    const [verdict] = await log.append([{ block: blockOf('a', [content]), push: { clientId, n } }]);
    return said(verdict);
  };

  describe('a push', () => {
    test('that is repeated is answered with the offset of what it stored', async (log) => {
      expect(await push(log, 'c', 1)).toEqual(['stored', 1]);
      expect(await push(log, 'other', 1)).toEqual(['stored', 2]);
      expect(await push(log, 'c', 1)).toEqual(['known', 1]);
      expect(await contents(log)).toEqual([1, 1]);
    });

    test('that is repeated within one append is stored once', async (log) => {
      const entries = [1, 1, 2].map((n) => ({ block: blockOf('a', [n]), push: { clientId: 'c', n } }));
      expect((await log.append(entries)).map(said)).toEqual([
        ['stored', 1],
        ['known', 1],
        ['stored', 2],
      ]);
    });

    test('is recognised among the last 32 of its client, and never stored again beyond them', async (log) => {
      for (const n of numbers(1, rememberedPushes + 8)) await push(log, 'c', n);
      for (const n of numbers(9, rememberedPushes + 8)) expect(await push(log, 'c', n)).toEqual(['known', n]);
      for (const n of numbers(1, 8)) expect(((await push(log, 'c', n)) as unknown[])[0] === 'stored').toBe(false);
      expect((await log.head('a')).head).toBe(rememberedPushes + 8);
    });

    test('that was refused may be repeated until a later one is stored, not after', async (log) => {
      const refused = { block: identified(blockOf('a', ['gap']), 'p', 9), push: { clientId: 'c', n: 1 } };
      expect((await log.append([refused])).map(said)).toEqual(['GAP']);
      expect(await push(log, 'c', 1, 'first')).toEqual(['stored', 1]);
      expect((await log.append([{ ...refused, push: { clientId: 'c', n: 2 } }])).map(said)).toEqual(['GAP']);
      expect(await push(log, 'c', 3, 'third')).toEqual(['stored', 2]);
      expect(typeof (await push(log, 'c', 2, 'second'))).toBe('string');
      expect(await contents(log)).toEqual(['first', 'third']);
    });

    test('remembers also what was known by its key', async (log) => {
      await append(log, blockOf('a', ['first'], 'key'));
      const [verdict] = await log.append([{ block: blockOf('a', ['x'], 'key'), push: { clientId: 'c', n: 1 } }]);
      expect(said(verdict)).toEqual(['known', 1]);
      expect(await push(log, 'c', 1, 'not stored')).toEqual(['known', 1]);
      expect(await contents(log)).toEqual(['first']);
    });

    test('is forgotten with its client', async (log) => {
      await push(log, 'c', 1);
      // It said it once more before it went.
      const repeated = push(log, 'c', 1);
      log.forget('c');
      log.forget('stranger');
      expect(await repeated).toEqual(['known', 1]);
      expect(await push(log, 'c', 1)).toEqual(['stored', 2]);
    });
  });
}
