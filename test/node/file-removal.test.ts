// What is dropped or deleted goes from the disk, and nobody is hurt by it: not who is asleep, not who dies in the midst of it.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MessageBusCore } from 'busline/core';
import type { Log, StoredBlock } from 'busline/core';
import { cut } from '../../src/core/cut.ts';
import { FileLog } from '../../src/node/file-log/file-log.ts';
import { Fold } from '../../src/node/file-log/fold.ts';
import { noGroups } from '../../src/node/file-log/groups-fold.ts';
import { contentsOf, readAll } from '../../src/testing/log-setup.ts';
import { blockOf } from '../../src/testing/sender.ts';

/** From so many steps on the disk takes nothing any more, as if the process had been killed there. */
const life = vi.hoisted(() => ({ left: Infinity }));
vi.mock(import('node:fs/promises'), async (original) => {
  const real = await original();
  const step = <A extends unknown[], R>(task: (...args: A) => Promise<R>): ((...args: A) => Promise<R>) => {
    return async (...args) => {
      if (life.left <= 0) throw new Error('killed');
      life.left -= 1;
      return task(...args);
    };
  };
  const open = (async (...args: Parameters<typeof real.open>) => {
    const file = await real.open(...args);
    file.writeFile = step(file.writeFile.bind(file) as never) as never;
    return file;
  }) as typeof real.open;
  return {
    ...real,
    open: step(open),
    link: step(real.link),
    rename: step(real.rename),
    unlink: step(real.unlink),
  };
});

vi.mock(import('node:fs'), async (original) => {
  const real = await original();
  const writeSync = ((file: number, bytes: Buffer) => {
    if (life.left <= 0) throw new Error('killed');
    life.left -= 1;
    return real.writeSync(file, bytes);
  }) as typeof real.writeSync;
  return { ...real, writeSync };
});

let directory: string;
const logs: FileLog[] = [];
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'busline-removal-'))));
afterEach(async () => {
  life.left = Infinity;
  await Promise.all(logs.splice(0).map((log) => log.close()));
  await rm(directory, { recursive: true, force: true });
});

async function openLog(segmentSize = 4000): Promise<FileLog> {
  const log = await FileLog.open({ directory, segmentSize, poll: 20, onError: () => undefined });
  logs.push(log);
  return log;
}

const journal = (): string => join(directory, 'channels', 'a');

async function filesWith(text: string): Promise<readonly string[]> {
  const names = await readdir(directory, { recursive: true });
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      if ((await stat(path)).isDirectory()) return [];
      return (await readFile(path, 'utf8')).includes(text) ? [name] : [];
    }),
  );
  return found.flat();
}

async function sizes(): Promise<readonly number[]> {
  const names = (await readdir(journal())).toSorted();
  return Promise.all(names.map(async (name) => (await stat(join(journal(), name))).size));
}

async function blockAt(log: Log, offset: number): Promise<StoredBlock> {
  return (await log.read('a', offset - 1, 1)).blocks[0] as StoredBlock;
}

/** The block with these messages instead. */
async function put(log: Log, offset: number, messages: readonly unknown[]): Promise<void> {
  const { header, logId, offset: last, appendedAt } = await blockAt(log, offset);
  const { json } = blockOf('a', messages) as { json: string };
  await log.replace({ header, logId, offset: last, appendedAt, json });
}

async function fill(log: Log, count: number, size = 500): Promise<void> {
  for (let n = 0; n < count; n += 1) await log.append([{ block: blockOf('a', [`${n} ${'x'.repeat(size)}`]) }]);
}

async function contents(log: Log): Promise<readonly unknown[]> {
  return contentsOf(await readAll(log, 'a')).map(([offset, content]) => `${offset} ${String(content).slice(0, 12)}`);
}

describe('trimming a log in files', () => {
  test('leaves one line of each file that holds nothing else, for who is about to open it', async () => {
    const log = await openLog();
    await fill(log, 40);
    const before = (await readdir(journal())).length;
    expect(before).toBeGreaterThan(5);
    await log.trim('a', 35);
    expect((await readdir(journal())).length).toBe(before);
    const gone = (await sizes()).filter((size) => size < 60);
    expect(gone.length).toBeGreaterThanOrEqual(before - 3);
    expect((await contents(log)).map((text) => Number.parseInt(String(text), 10))).toEqual([36, 37, 38, 39, 40]);
    await fill(log, 3);
    const late = await openLog();
    expect(await contents(late)).toEqual(await contents(log));
    expect(await late.head('a')).toEqual(await log.head('a'));
  });

  test('keeps count of its bytes through trims, replacements and files', async () => {
    const log = await openLog();
    await fill(log, 40);
    await put(log, 20, ['short']);
    await put(log, 39, ['short', 'and', 'more']).catch(() => undefined);
    await put(log, 20, ['shorter']);
    await log.trim('a', 18);
    const counted = async (own: Log): Promise<number> =>
      (await readAll(own, 'a')).reduce((sum, block) => sum + ('json' in block ? block.json.length : 0), 0);
    expect((await log.head('a')).bytes).toBe(await counted(log));
    const late = await openLog();
    expect((await late.head('a')).bytes).toBe(await counted(late));
    await late.trim('a', 40);
    expect((await late.head('a')).bytes).toBe(0);
    expect((await sizes()).filter((size) => size > 60).length).toBe(1);
  });

  test('is seen by a log that has read only what is gone now', async () => {
    const asleep = await openLog();
    await fill(asleep, 1);
    const told: StoredBlock[] = [];
    asleep.follow((blocks) => told.push(...blocks));
    const log = await openLog();
    const reading = fill(log, 60).then(() => log.trim('a', 55));
    await reading;
    await vi.waitFor(async () => expect(await asleep.head('a')).toEqual(await log.head('a')), 5000);
    expect(await contents(asleep)).toEqual(await contents(log));
    const verdicts = await asleep.append([{ block: blockOf('a', ['awake']) }]);
    expect(verdicts).toMatchObject([{ kind: 'stored', offset: 62 }]);
  });
});

describe('a deleted message', () => {
  const secret = 'the-secret-text';

  test.each([
    ['that was just appended', 0],
    ['in an older file', 40],
  ])('%s is in no file any more', async (_name, later) => {
    const log = await openLog();
    const other = await openLog();
    await fill(log, 3);
    await log.append([{ block: blockOf('a', ['kept', secret]) }]);
    await fill(log, later);
    await vi.waitFor(async () => expect(await contents(other)).toContain(`5 ${secret.slice(0, 12)}`), 5000);
    expect(await filesWith(secret)).not.toEqual([]);
    await put(log, 5, ['kept', 'gone']);
    expect(await filesWith(secret)).toEqual([]);
    for (const own of [log, other, await openLog()])
      await vi.waitFor(async () => expect((await contents(own)).slice(3, 5)).toEqual(['4 kept', '5 gone']), 5000);
    await fill(other, 1);
    expect(await contents(log)).toEqual(await contents(other));
  });

  test('is gone together with what stood beside it, when that is deleted later', async () => {
    const log = await openLog();
    await log.append([{ block: blockOf('a', ['one-secret', 'two-secret']) }]);
    await put(log, 1, ['', 'two-secret']);
    expect([await filesWith('one-secret'), (await filesWith('two-secret')).length]).toEqual([[], 1]);
    await put(log, 1, ['', '']);
    expect(await filesWith('two-secret')).toEqual([]);
  });

  test('is gone also where it was proposed in vain', async () => {
    const log = await openLog();
    const block = blockOf('a', [secret]);
    const identified = { ...block, header: { ...block.header, producerId: 'p', sequence: 1, blockId: 'it' } };
    await log.append([{ block: identified }]);
    await fill(log, 20);
    await log.append([{ block: identified }]);
    await fill(log, 20);
    await log.append([{ block: identified }]);
    expect((await filesWith(secret)).length).toBe(3);
    await put(log, 1, ['gone']);
    expect(await filesWith(secret)).toEqual([]);
    expect((await contents(log)).length).toBe(41);
    expect(await log.append([{ block: identified }])).toMatchObject([{ kind: 'known', offset: 1 }]);
  });

  test('stays gone when others delete at the same time', async () => {
    const all = await Promise.all([openLog(), openLog(), openLog()]);
    const log = all[0];
    for (let n = 0; n < 12; n += 1) await log.append([{ block: blockOf('a', [`${secret} ${n}`]) }]);
    for (const own of all) await vi.waitFor(async () => expect((await contents(own)).length).toBe(12), 5000);
    await Promise.all(
      all.map(async (own, at) => {
        for (let n = at; n < 12; n += 3) await put(own, n + 1, [`gone ${n}`]);
      }),
    );
    expect(await filesWith(secret)).toEqual([]);
    const expected = Array.from({ length: 12 }, (_, n) => `${n + 1} gone ${n}`);
    for (const own of [...all, await openLog()]) expect(await contents(own)).toEqual(expected);
  });

  test('is not brought back by another process that had read its block before', async () => {
    const [log, other] = [await openLog(), await openLog()];
    await log.append([{ block: blockOf('a', [secret, 'two', 'three']) }]);
    await other.records('');
    const [block, same] = [await blockAt(log, 3), await blockAt(other, 3)];
    await log.replace(cut(block, 1));
    await other.replace(cut(same, 2));
    for (const own of [log, other, await openLog()])
      await vi.waitFor(async () => expect(await contents(own)).toEqual(['3 three']), 5000);
    expect(await filesWith(secret)).toEqual([]);
    const { json } = (await blockAt(other, 3)) as { json: string };
    expect((await other.head('a')).bytes).toBe(json.length);
  });

  test.each([
    ['was just appended', 0],
    ['is in an older file', 12],
  ])('is gone with all others of its block that %s, when two processes delete them at once', async (_name, later) => {
    const all = [await openLog(), await openLog()];
    const buses = all.map((log) => new MessageBusCore({ log }));
    const [bus, other] = buses as [MessageBusCore, MessageBusCore];
    const sent = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((n) => bus.send({ channelId: 'a', content: `${secret} ${n}` })),
    );
    await fill(all[0] as Log, later);
    await vi.waitFor(async () => expect((await contents(all[1] as Log)).length).toBe(6 + later), 5000);
    const deleted = sent.slice(0, 5).map(({ id }, at) => (at % 2 === 0 ? bus : other).deleteMessage(id, 'a'));
    await Promise.all(deleted);
    const [left] = await readAll(await openLog(), 'a');
    expect(contentsOf([left as StoredBlock])).toEqual([[6, `${secret} 6`]]);
    for (const n of [1, 2, 3, 4, 5]) expect(await filesWith(`${secret} ${n}`)).toEqual([]);
    await Promise.all(buses.map((own) => own.close()));
  });

  test('is deleted to the end by the next process, wherever the one before was killed', async () => {
    let steps = 0;
    for (; ; steps += 1) {
      const log = await openLog();
      await fill(log, 4);
      await log.append([{ block: blockOf('a', ['kept', secret]) }]);
      await fill(log, steps % 2 === 0 ? 0 : 12);
      const { head } = await log.head('a');
      life.left = steps;
      const isDone = await put(log, 6, ['kept', 'gone']).then(
        () => steps > 8 && steps % 2 === 0,
        () => false,
      );
      life.left = Infinity;
      const next = await openLog();
      expect((await next.head('a')).head).toBe(head);
      // A process that had begun to delete says so beside the log, and the next one deletes again.
      await put(next, 6, ['kept', 'gone']);
      expect(await filesWith(secret)).toEqual([]);
      const found = await readAll(next, 'a');
      expect(found.at(-1)?.offset).toBe(head);
      expect(contentsOf(found).slice(4, 6)).toEqual([
        [5, 'kept'],
        [6, 'gone'],
      ]);
      const bytes = found.reduce((sum, block) => sum + ('json' in block ? block.json.length : 0), 0);
      expect((await next.head('a')).bytes).toBe(bytes);
      await Promise.all(logs.splice(0).map((own) => own.close()));
      await rm(directory, { recursive: true, force: true });
      if (isDone) break;
    }
    expect(steps).toBeGreaterThan(8);
  });
});

test('of two who replace a block at once, the one that wrote last counts, whoever says so first', () => {
  const fold = new Fold({
    channelId: 'a',
    segment: 2,
    logId: 'log',
    first: 1,
    head: 1,
    bytes: 100,
    segments: [[1, 0]],
    producers: [],
    clients: [],
    keys: [],
    records: [],
    resized: [],
    groups: noGroups,
  });
  const say = (size: number, generation: number): unknown =>
    fold.take({
      proposal: { t: 'replace', offset: 1, segment: 1, generation, was: 100, size, id: '' },
      body: '',
      isWhole: true,
    });
  say(20, 2);
  say(10, 1);
  expect(fold.bytes).toBe(20);
  say(30, 3);
  expect(fold.bytes).toBe(30);
});
