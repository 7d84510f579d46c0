// The contract of a log, executable: a log that passes this is one that a host, a hub and every reader can build on.

import { messagesOf } from '../core/block.ts';
import type { StoredBlock } from '../core/block.ts';
import type { Log } from '../core/log.ts';
import { testAppendRule, testKeys, testPushes } from './append-contract.ts';
import { checkBeside, fillBeside, testRecords, testReplacing } from './beside-contract.ts';
import { append, appendAll, contentsOf, logTest, readAll, said } from './log-setup.ts';
import type { LogSetup, LogTest } from './log-setup.ts';
import type { Runner } from './runner.ts';
import { blockOf, identified, skipOf } from './sender.ts';

const empty = { logId: '', first: 1, head: 0, bytes: 0 };

/**
 * Registers the whole suite for a log with a test runner: `testLog({ describe, test, expect }, { open })`.
 * With `reopen` it also says what a log must still know after its process has ended.
 */
export function testLog(runner: Runner, setup: LogSetup): void {
  runner.describe('as a log', () => {
    const test = logTest(runner, setup);
    testReading(runner, test);
    testFollowing(runner, test);
    testStamping(runner, test, setup.numbersFirst === true);
    testAppendRule(runner, test);
    testKeys(runner, test);
    testPushes(runner, test);
    testRecords(runner, test);
    testReplacing(runner, test);
    testTrimming(runner, test);
    if (setup.reopen !== undefined) testReopening(runner, test, setup.reopen);
  });
}

function testReading({ describe, expect }: Runner, test: LogTest): void {
  describe('reading', () => {
    test('finds nothing in a channel that nothing was appended to, and does not make it one', async (log) => {
      expect(await log.head('a')).toEqual(empty);
      expect(await log.read('a', 0, 100)).toEqual({ ...empty, blocks: [] });
      expect(said(await append(log, identified(blockOf('a', ['refused']), 'p', 2)))).toBe('GAP');
      expect(await log.channels()).toEqual([]);
    });

    test('gives offsets 1, 2, 3 … in each channel', async (log) => {
      await appendAll(log, [blockOf('a', [1, 2, 3]), blockOf('b', ['x']), blockOf('a', [4]), blockOf('b', ['y', 'z'])]);
      expect(contentsOf(await readAll(log, 'a'))).toEqual([1, 2, 3, 4].map((n) => [n, n]));
      expect(contentsOf(await readAll(log, 'b'))).toEqual(['x', 'y', 'z'].map((content, at) => [at + 1, content]));
      expect([...(await log.channels())].toSorted()).toEqual(['a', 'b']);
    });

    test('knows first, head, about how many bytes, and one logId for each channel', async (log) => {
      await append(log, blockOf('a', [1, 2]));
      const { bytes, logId, ...head } = await log.head('a');
      expect(head).toEqual({ first: 1, head: 2 });
      expect(logId.length >= 10 && bytes > 0).toBe(true);
      await appendAll(log, [blockOf('a', ['x'.repeat(5000)]), blockOf('b', [1])]);
      const { blocks, ...page } = await log.read('a', 0, 100);
      expect(page).toEqual(await log.head('a'));
      expect(page.logId).toBe(logId);
      expect(page.bytes >= bytes + 5000).toBe(true);
      expect(blocks.every((block) => block.logId === logId && block.appendedAt > 0)).toBe(true);
      expect((await log.head('b')).logId === logId).toBe(false);
    });

    test('from inside a block gives the whole block', async (log) => {
      await appendAll(log, [blockOf('a', [1, 2, 3]), blockOf('a', [4, 5, 6, 7]), blockOf('a', [8])]);
      for (const [after, first] of [
        [0, 1],
        [2, 1],
        [3, 4],
        [5, 4],
        [6, 4],
        [7, 8],
      ] as const) {
        expect(contentsOf((await log.read('a', after, 100)).blocks)[0]).toEqual([first, first]);
      }
      expect((await log.read('a', 8, 100)).blocks).toEqual([]);
      expect((await log.read('a', Number.MAX_SAFE_INTEGER, 1)).blocks).toEqual([]);
    });

    test('gives pages of about the size asked for, at least one block, and all of it page by page', async (log) => {
      const blocks = Array.from({ length: 60 }, (_, at) =>
        blockOf(
          'a',
          Array.from({ length: 10 }, () => at),
        ),
      );
      await appendAll(log, blocks);
      const page = await log.read('a', 0, 10);
      expect(page.blocks.length >= 1 && page.blocks.length < 30).toBe(true);
      expect((await readAll(log, 'a', 1)).length).toBe(60);
      expect((await readAll(log, 'a', 10_000)).length).toBe(60);
    });

    test('gives back what was appended, as it was', async (log) => {
      const bytes = Uint8Array.from({ length: 700_000 }, (_, at) => (at * 7919) >>> 3);
      const block = blockOf('a', [{ text: 'ünï ☃ 🚌', small: bytes.slice(0, 300), large: bytes }]);
      const told: StoredBlock[] = [];
      log.follow((blocks) => told.push(...blocks));
      await append(log, block);
      const [read] = await readAll(log, 'a');
      for (const stored of [read, told[0]] as StoredBlock[]) {
        const [message] = messagesOf(stored, stored.offset);
        const content = message?.content as { text: string; small: Uint8Array; large: Uint8Array };
        expect(content.text).toBe('ünï ☃ 🚌');
        expect([content.small.length, content.large.length]).toEqual([300, 700_000]);
        expect(content.small.every((byte, at) => byte === bytes[at])).toBe(true);
        expect(content.large.every((byte, at) => byte === bytes[at])).toBe(true);
        const { producerId: _p, sequence: _s, blockId: _b, ...header } = stored.header;
        expect(header).toEqual(block.header);
      }
    });
  });
}

function testFollowing({ describe, expect }: Runner, test: LogTest): void {
  describe('following', () => {
    test('tells what is appended from now on, before the append settles', async (log) => {
      await append(log, blockOf('a', ['before']));
      const told: StoredBlock[] = [];
      const stop = log.follow((blocks) => told.push(...blocks));
      await append(log, blockOf('a', [1, 2]));
      expect(contentsOf(told)).toEqual([
        [2, 1],
        [3, 2],
      ]);
      stop();
      await append(log, blockOf('a', ['after']));
      expect(told.length).toBe(1);
    });

    test('tells every follower each channel in its order, while appends run side by side', async (log) => {
      const told: StoredBlock[][] = [[], []];
      for (const mine of told) log.follow((blocks) => mine.push(...blocks));
      const appends = Array.from({ length: 50 }, (_, at) => append(log, blockOf(at % 3 === 0 ? 'b' : 'a', [at])));
      const places = (await Promise.all(appends)).map((verdict) => (verdict.kind === 'stored' ? verdict.offset : 0));
      for (const [channelId, mine] of [
        ['a', 1],
        ['b', 0],
      ] as const) {
        const own = places.filter((_, at) => (at % 3 === 0 ? 0 : 1) === mine);
        expect(own).toEqual(own.map((_, at) => at + 1));
        const read = contentsOf(await readAll(log, channelId));
        for (const blocks of told) {
          expect(contentsOf(blocks.filter(({ header }) => header.channelId === channelId))).toEqual(read);
        }
      }
    });

    test('does not tell what was known, refused or a skip', async (log) => {
      const block = identified(blockOf('a', [1]), 'p', 1);
      await append(log, block);
      const told: StoredBlock[] = [];
      log.follow((blocks) => told.push(...blocks));
      await appendAll(log, [block, identified(blockOf('a', [9]), 'p', 9), skipOf('a', 'p', 2)]);
      expect(told).toEqual([]);
    });
  });
}

function testStamping({ describe, expect }: Runner, test: LogTest, numbersFirst: boolean): void {
  describe('a block without identity', () => {
    test('becomes the log’s own: 1, 2, 3 … in each channel, each with a random blockId', async (log) => {
      const blocks = ['a', 'b', 'a', 'a', 'b'].map((channelId) => blockOf(channelId, [1, 2]));
      await log.append(blocks.map((block) => ({ block })));
      const stored = [...(await readAll(log, 'a')), ...(await readAll(log, 'b'))].map(({ header }) => header);
      expect(stored.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 1, 2]);
      expect(stored.every(({ producerId }) => producerId === log.storeId)).toBe(true);
      expect(new Set(stored.map(({ blockId }) => blockId)).size).toBe(5);
      expect(stored.every(({ blockId }) => blockId.length >= 10)).toBe(true);
    });

    test('keeps the blockId that it is given with', async (log) => {
      await log.append([{ block: blockOf('a', [1]), blockId: 'from a file' }, { block: blockOf('a', [2]) }]);
      const [first, second] = (await readAll(log, 'a')).map(({ header }) => header);
      expect([first?.blockId, first?.producerId, first?.sequence]).toEqual(['from a file', log.storeId, 1]);
      expect([second?.blockId === 'from a file', second?.sequence]).toEqual([false, 2]);
    });

    test('leaves no gap when it is known by its key', async (log) => {
      await appendAll(log, [blockOf('a', [1], 'key'), blockOf('a', [1], 'key'), blockOf('a', [2])]);
      expect((await readAll(log, 'a')).map(({ header }) => header.sequence)).toEqual([1, numbersFirst ? 3 : 2]);
    });
  });
}

function testTrimming({ describe, expect }: Runner, test: LogTest): void {
  const filled = (log: Log): Promise<unknown> =>
    appendAll(log, [blockOf('a', [1, 2, 3]), blockOf('a', [4, 5, 6]), blockOf('a', [7]), blockOf('b', ['b'])]);

  describe('trimming', () => {
    test('drops whole blocks at or below the offset, and moves the first', async (log) => {
      await filled(log);
      const before = await log.head('a');
      await log.trim('a', 5);
      const head = await log.head('a');
      expect([head.first, head.head, head.logId]).toEqual([4, 7, before.logId]);
      expect(head.bytes < before.bytes && head.bytes > 0).toBe(true);
      expect(contentsOf((await log.read('a', 0, 100)).blocks)[0]).toEqual([4, 4]);
      expect((await readAll(log, 'b')).length).toBe(1);
      await log.trim('a', 3);
      expect((await log.head('a')).first).toBe(4);
    });

    test('of everything leaves the head: the next message follows on', async (log) => {
      await filled(log);
      await log.trim('a', 1000);
      const head = await log.head('a');
      expect([head.first, head.head]).toEqual([8, 7]);
      expect((await log.read('a', 0, 100)).blocks).toEqual([]);
      expect(said(await append(log, blockOf('a', [8])))).toEqual(['stored', 8]);
      expect(contentsOf(await readAll(log, 'a'))).toEqual([[8, 8]]);
    });

    test('of a channel that is not there does nothing', async (log) => {
      await log.trim('nowhere', 5);
      expect(await log.channels()).toEqual([]);
    });
  });
}

function testReopening({ describe, expect }: Runner, test: LogTest, reopen: NonNullable<LogSetup['reopen']>): void {
  const reopened = async (log: Log, body: (again: Log) => Promise<void>): Promise<void> => {
    const again = await reopen(log);
    try {
      await body(again);
    } finally {
      await again.close();
    }
  };

  describe('after it was opened again', () => {
    test('it has what it had, and goes on from there', async (log) => {
      await appendAll(log, [blockOf('a', [1, 2]), blockOf('a', [3]), blockOf('a', [4]), blockOf('b', ['b'])]);
      await log.append([{ block: blockOf('a', [5]), flush: true }]);
      await log.trim('a', 2);
      const had = { head: await log.head('a'), blocks: await readAll(log, 'a'), channels: await log.channels() };
      await reopened(log, async (again) => {
        expect(await again.head('a')).toEqual(had.head);
        expect(await readAll(again, 'a')).toEqual(had.blocks);
        expect([...(await again.channels())].toSorted()).toEqual([...had.channels].toSorted());
        expect(said(await append(again, blockOf('a', [6])))).toEqual(['stored', 6]);
        const last = (await readAll(again, 'a')).at(-1);
        expect(last?.header.sequence).toBe(again.storeId === log.storeId ? 5 : 1);
      });
    });

    test('it has records and replaced blocks as they were', async (log) => {
      await fillBeside(log);
      const head = await log.head('a');
      await reopened(log, async (again) => {
        expect(await again.head('a')).toEqual(head);
        await checkBeside({ expect }, again);
      });
    });

    test('it knows producers, keys and pushes', async (log) => {
      const blocks = [
        identified(blockOf('a', [1]), 'p', 1),
        skipOf('a', 'p', 2),
        identified(blockOf('a', [2]), 'p', 3),
      ];
      await appendAll(log, blocks);
      const push = { block: blockOf('a', ['push']), push: { clientId: 'c', n: 1 } };
      await log.append([push, { block: blockOf('a', ['key'], 'key') }]);
      const keyed = identified(blockOf('a', ['key'], 'key'), 'q', 1);
      await append(log, keyed);
      await reopened(log, async (again) => {
        expect(await appendAll(again, blocks)).toEqual([1, 1, 2].map((offset) => ['known', offset]));
        expect((await again.append([push])).map(said)).toEqual([['known', 3]]);
        expect(said(await append(again, blockOf('a', ['other'], 'key')))).toEqual(['known', 4]);
        expect(said(await append(again, identified(blockOf('a', ['next']), 'q', 2)))).toEqual(['stored', 5]);
        expect(said(await append(again, identified(blockOf('a', ['gap']), 'p', 5)))).toBe('GAP');
      });
    });
  });
}
