// The part of the log suite about what is kept beside the messages, and about bodies that are replaced.

import { messagesOf } from '../core/block.ts';
import type { StoredBlock } from '../core/block.ts';
import type { Log } from '../core/log.ts';
import { append, appendAll, contentsOf, readAll, said } from './log-setup.ts';
import type { LogTest } from './log-setup.ts';
import type { Runner } from './runner.ts';
import { blockOf, identified, skipOf } from './sender.ts';

/** Names and values, by name. */
async function recordsOf(log: Log, prefix = ''): Promise<readonly (readonly [string, unknown])[]> {
  return [...(await log.records(prefix))].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

export function testRecords({ describe, expect }: Runner, test: LogTest): void {
  describe('records', () => {
    test('are read back as they were saved last, by how their names begin', async (log) => {
      expect(await recordsOf(log)).toEqual([]);
      await log.save([['group:a', { at: 3 }]]);
      await log.save([
        ['group:ab', [1, null, 'x']],
        ['group', 0],
        ['other', Uint8Array.of(1, 2)],
      ]);
      await log.save([['group:a', { at: 5 }]]);
      const groups = [
        ['group:a', { at: 5 }],
        ['group:ab', [1, null, 'x']],
      ];
      expect(await recordsOf(log, 'group:')).toEqual(groups);
      expect(await recordsOf(log, 'group:ab')).toEqual(groups.slice(1));
      expect(await recordsOf(log, 'none')).toEqual([]);
      expect((await recordsOf(log)).map(([name]) => name)).toEqual(['group', 'group:a', 'group:ab', 'other']);
      expect(await recordsOf(log, 'other')).toEqual([['other', Uint8Array.of(1, 2)]]);
    });

    test('are removed by `undefined`, and may come again', async (log) => {
      await log.save([
        ['a', 1],
        ['b', 2],
      ]);
      await log.save([
        ['a', undefined],
        ['never there', undefined],
      ]);
      expect(await recordsOf(log)).toEqual([['b', 2]]);
      await log.save([
        ['a', 3],
        ['b', 4],
        ['b', undefined],
      ]);
      expect(await recordsOf(log)).toEqual([['a', 3]]);
    });

    test('of a block are saved with it', async (log) => {
      const told: unknown[] = [];
      log.follow((blocks) => told.push(...blocks));
      await log.append([
        { block: blockOf('a', [1]), records: [['one', 1]] },
        { block: blockOf('a', [2]) },
        { block: skipOf('a', 'p', 1), records: [['skip', 1]] },
        { block: blockOf('b', [3], 'key'), flush: true, records: [['keyed', 1]] },
      ]);
      expect(await recordsOf(log)).toEqual([
        ['keyed', 1],
        ['one', 1],
        ['skip', 1],
      ]);
      expect(told.length).toBe(3);
    });

    test('of a block that is known or refused are not saved', async (log) => {
      const before = identified(blockOf('a', [1]), 'p', 1);
      const push = { clientId: 'c', n: 1 };
      await log.append([{ block: before }, { block: blockOf('a', [2]), push }, { block: blockOf('a', [3], 'key') }]);
      const verdicts = await log.append([
        { block: before, records: [['known by its identity', 1]] },
        { block: blockOf('a', [2]), push, records: [['known by its push', 1]] },
        { block: blockOf('a', [3], 'key'), records: [['known by its key', 1]] },
        { block: identified(blockOf('a', [9]), 'p', 9), records: [['refused', 1]] },
        { block: blockOf('a', [4]), records: [['stored', 1]] },
      ]);
      expect(verdicts.map(({ kind }) => kind)).toEqual(['known', 'known', 'known', 'refused', 'stored']);
      expect(await recordsOf(log)).toEqual([['stored', 1]]);
    });

    test('keep the order in which saves and appends were given', async (log) => {
      const given: Promise<unknown>[] = [];
      for (let n = 1; n <= 40; n++) {
        const records = [
          ['last', n],
          [`every:${n % 4}`, n < 37 ? n : undefined],
        ] as const;
        given.push(n % 3 === 0 ? log.append([{ block: blockOf('a', [n]), records }]) : log.save(records));
        if (n === 20)
          given.push(log.records('last').then((found) => expect((found.get('last') as number) >= 20).toBe(true)));
      }
      await Promise.all(given);
      expect(await recordsOf(log)).toEqual([['last', 40]]);
      expect((await log.head('a')).head).toBe(13);
    });
  });
}

/** The same block with other contents. */
function rewritten({ header, logId, offset, appendedAt }: StoredBlock, contents: readonly unknown[]): StoredBlock {
  const { json } = blockOf(header.channelId, contents) as { json: string };
  return { header, logId, offset, appendedAt, json };
}

async function blockAt(log: Log, channelId: string, offset: number): Promise<StoredBlock> {
  const [block] = (await log.read(channelId, offset - 1, 1)).blocks;
  return block as StoredBlock;
}

const filled = (log: Log): Promise<unknown> =>
  appendAll(log, [blockOf('a', [1, 2]), blockOf('a', ['long '.repeat(100), 4]), blockOf('a', [5]), blockOf('b', [1])]);
const withoutTheLong = [1, 2, 'x', 4, 5].map((content, at) => [at + 1, content]);

export function testReplacing({ describe, expect }: Runner, test: LogTest): void {
  describe('replacing', () => {
    test('puts another body in the place of a block, and leaves all else as it was', async (log) => {
      await filled(log);
      const told: unknown[] = [];
      log.follow((blocks) => told.push(...blocks));
      const [before, blocks, block] = [await log.head('a'), await readAll(log, 'a'), await blockAt(log, 'a', 3)];
      const change = rewritten(block, ['x', 4]);
      await log.replace(change);
      const { bytes, ...head } = await log.head('a');
      expect({ ...head, bytes: before.bytes }).toEqual(before);
      expect(bytes > 0 && bytes < before.bytes).toBe(true);
      expect(await readAll(log, 'a')).toEqual(blocks.map((other) => (other.offset === 4 ? change : other)));
      expect(contentsOf(await readAll(log, 'a'))).toEqual(withoutTheLong);
      expect(told).toEqual([]);
      expect(said(await append(log, blockOf('a', [6])))).toEqual(['stored', 6]);
      await log.replace(block);
      expect((await readAll(log, 'a')).slice(0, 3)).toEqual(blocks);
    });

    test('takes a block that was given in one append with others', async (log) => {
      await log.append([1, 2, 3].map((n) => ({ block: blockOf('a', [n]) })));
      for (const offset of [1, 3, 2]) await log.replace(rewritten(await blockAt(log, 'a', offset), [`new ${offset}`]));
      expect(contentsOf(await readAll(log, 'a'))).toEqual([1, 2, 3].map((n) => [n, `new ${n}`]));
    });

    test('goes on when others before and after it are trimmed', async (log) => {
      await filled(log);
      await log.trim('a', 2);
      await log.replace(rewritten(await blockAt(log, 'a', 4), ['x', 4]));
      expect(contentsOf(await readAll(log, 'a'))).toEqual(withoutTheLong.slice(2));
      const { bytes } = await log.head('a');
      await log.trim('a', 4);
      expect(contentsOf(await readAll(log, 'a'))).toEqual(withoutTheLong.slice(4));
      const left = await log.head('a');
      expect([left.first, left.head, left.bytes < bytes && left.bytes > 0]).toEqual([5, 5, true]);
    });

    test('does nothing where no such block is kept', async (log) => {
      await filled(log);
      const block = await blockAt(log, 'a', 1);
      const { header } = block;
      const change = rewritten(block, ['x', 'y']);
      await log.replace({ ...change, header: { ...header, channelId: 'nowhere' } });
      await log.replace({ ...change, header: { ...header, channelId: 'b' } });
      await log.replace({ ...change, header: { ...header, blockId: 'another' } });
      await log.replace({ ...change, logId: 'another' });
      await log.replace({ ...change, offset: 1 });
      await log.replace({ ...change, offset: 99 });
      expect(contentsOf([await blockAt(log, 'a', 1)])).toEqual([1, 2].map((n) => [n, n]));
      expect(contentsOf(await readAll(log, 'b'))).toEqual([[1, 1]]);
      await log.trim('a', 2);
      const head = await log.head('a');
      await log.replace(change);
      expect(await log.head('a')).toEqual(head);
      expect((await blockAt(log, 'a', 1)).offset).toBe(4);
      expect([...(await log.channels())].toSorted()).toEqual(['a', 'b']);
    });

    test('leaves a key where it was', async (log) => {
      await append(log, blockOf('a', [1], 'key'));
      await log.replace(rewritten(await blockAt(log, 'a', 1), ['x']));
      const [message] = messagesOf(await blockAt(log, 'a', 1), 1);
      expect([message?.id, message?.content]).toEqual(['key', 'x']);
      expect(said(await append(log, blockOf('a', [1], 'key')))).toEqual(['known', 1]);
    });
  });
}

/** What a log that is opened again must still know of these. */
export async function fillBeside(log: Log): Promise<void> {
  await filled(log);
  await log.save([
    ['kept', 1],
    ['removed', 1],
  ]);
  await log.append([{ block: blockOf('b', [2]), records: [['of a block', 2]] }]);
  await log.save([['removed', undefined]]);
  await log.replace(rewritten(await blockAt(log, 'a', 3), ['x', 4]));
}

export async function checkBeside({ expect }: Pick<Runner, 'expect'>, log: Log): Promise<void> {
  expect(await recordsOf(log)).toEqual([
    ['kept', 1],
    ['of a block', 2],
  ]);
  expect(contentsOf(await readAll(log, 'a'))).toEqual(withoutTheLong);
  await log.save([['kept', 3]]);
  expect(await recordsOf(log, 'kept')).toEqual([['kept', 3]]);
}
