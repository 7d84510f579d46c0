// A log in files where the disk takes nothing for a while, and where files go while others read them: whoever waits is told
// with an error of the bus, and nobody else is troubled.
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isBusError, MessageBusCore } from 'busline/core';
import type { StoredBlock } from 'busline/core';
import { FileLog } from '../../src/node/file-log/file-log.ts';
import type { FileLogOptions } from '../../src/node/file-log/file-log.ts';
import { Segments } from '../../src/node/file-log/segments.ts';
import { contentsOf, readAll } from '../../src/testing/log-setup.ts';
import { blockOf } from '../../src/testing/sender.ts';

const disk = vi.hoisted(() => ({
  /** What is written fails that this says so of. */
  isFull: (_text: string): boolean => false,
  /** Nobody is told by the system that a file has changed. */
  isSilent: false,
  isBroken: false,
  /** What is written comes to harm on its way. */
  harm: (bytes: Buffer): Buffer => bytes,
  handles: [] as unknown[],
}));
const systemError = vi.hoisted(
  () =>
    (code: string): Error =>
      Object.assign(new Error(`${code}: as the system says it`), { code, syscall: 'write' }),
);
vi.mock(import('node:fs/promises'), async (original) => {
  const real = await original();
  const open = (async (...args: Parameters<typeof real.open>) => {
    const file = await real.open(...args);
    const writeWhole = file.writeFile.bind(file);
    file.writeFile = async (data) => {
      if (disk.isFull(String(data))) throw systemError('ENOSPC');
      await writeWhole(data);
    };
    disk.handles.push(file);
    return file;
  }) as typeof real.open;
  const statOf = (async (path: string) => {
    if (disk.isBroken && path.endsWith('.log')) throw systemError('EIO');
    return real.stat(path);
  }) as typeof real.stat;
  return { ...real, open, stat: statOf };
});
vi.mock(import('node:fs'), async (original) => {
  const real = await original();
  const writeSync = ((file: number, bytes: Buffer) => {
    if (disk.isFull(bytes.toString())) throw systemError('ENOSPC');
    return real.writeSync(file, disk.harm(bytes));
  }) as typeof real.writeSync;
  const watch = ((...args: Parameters<typeof real.watch>) => {
    if (disk.isSilent) throw systemError('EMFILE');
    return real.watch(...args);
  }) as typeof real.watch;
  return { ...real, writeSync, watch };
});

const within = { timeout: 10_000 };
/** How often a full disk has said so. */
let refusals = 0;
const everything = (): boolean => (refusals += 1) > 0;
const nothing = (): boolean => false;
let directory: string;
const logs: FileLog[] = [];
let reported: unknown[] = [];
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'busline-room-'))));
afterEach(async () => {
  Object.assign(disk, {
    isFull: nothing,
    isSilent: false,
    isBroken: false,
    harm: (bytes: Buffer) => bytes,
    handles: [],
  });
  await Promise.all(logs.splice(0).map((log) => log.close()));
  [reported, refusals] = [[], 0];
  await rm(directory, { recursive: true, force: true });
});

async function openLog(options: Partial<FileLogOptions> = {}): Promise<FileLog> {
  const onError = (error: unknown): void => void reported.push(error);
  const log = await FileLog.open({ directory, segmentSize: 4000, poll: 20, onError, ...options });
  logs.push(log);
  return log;
}

const codeOf = (task: Promise<unknown>): Promise<unknown> =>
  task.then(
    () => 'done',
    (error: unknown) => (isBusError(error) ? error.code : error),
  );

async function fill(log: FileLog, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await log.append([{ block: blockOf('a', [`${n} ${'x'.repeat(500)}`]) }]);
}

const journal = (): string => join(directory, 'channels', 'a');

async function largeFiles(): Promise<number> {
  const names = await readdir(journal());
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(journal(), name))).size));
  return sizes.filter((size) => size > 60).length;
}

/** The last file is sealed, and the next one cannot begin. */
async function sealedAndFull(log: FileLog): Promise<void> {
  await fill(log, 20);
  disk.isFull = (text) => text.includes('"t":"checkpoint"');
  for (let n = 0; n < 20; n += 1) await log.append([{ block: blockOf('a', [`${n} ${'x'.repeat(500)}`]) }]);
  disk.isFull = everything;
  expect(await log.append([{ block: blockOf('a', ['no']) }])).toMatchObject([{ code: 'STORAGE_FULL' }]);
}

describe('a log on a full disk', () => {
  test('is not trimmed, and says so as the bus does', async () => {
    const log = await openLog();
    await sealedAndFull(log);
    expect(await codeOf(log.trim('a', 10))).toBe('STORAGE_FULL');
    expect((await log.head('a')).first).toBe(1);
    disk.isFull = nothing;
    expect(await codeOf(log.trim('a', 10))).toBe('done');
    expect((await log.head('a')).first).toBe(11);
    expect(reported).toEqual([]);
  });

  test('is read as ever, and opened, where the next file cannot begin', async () => {
    const log = await openLog();
    await sealedAndFull(log);
    // Somebody has begun a channel, and had no room for it.
    await mkdir(join(directory, 'channels', 'b'));
    const { head } = await log.head('a');
    expect(await codeOf(log.records(''))).toBe('done');
    expect((await stat(join(journal(), (await readdir(journal())).toSorted().at(-1) as string))).size).toBe(0);
    const late = await openLog();
    const told: StoredBlock[] = [];
    late.follow((blocks) => told.push(...blocks));
    expect(await late.channels()).toEqual(['a']);
    for (const one of [log, late]) expect(contentsOf(await readAll(one, 'a')).length).toBe(head);
    // What was there before is no news.
    expect(told).toEqual([]);
    disk.isFull = nothing;
    expect(await late.append([{ block: blockOf('a', ['room']) }])).toMatchObject([{ offset: head + 1 }]);
    await vi.waitFor(async () => expect((await log.head('a')).head).toBe(head + 1), within);
    expect(reported).toEqual([]);
  });

  test('is trimmed though no file can be put in the place of those that are dropped, which is done later', async () => {
    const log = await openLog();
    await fill(log, 40);
    const before = await largeFiles();
    disk.isFull = (text) => text.includes('"t":"gone"');
    expect(await codeOf(log.trim('a', 40))).toBe('done');
    expect(await log.head('a')).toMatchObject({ first: 41, head: 40, bytes: 0 });
    expect(await largeFiles()).toBe(before);
    disk.isFull = nothing;
    await vi.waitFor(async () => expect(await largeFiles()).toBe(1), within);
    expect(reported).toEqual([]);
  });

  test('does not say of a message that it is deleted whose text still lies there', async () => {
    const log = await openLog();
    await fill(log, 20);
    const [block] = (await log.read('a', 0, 1)).blocks;
    disk.isFull = (text) => text.includes('"t":"gone"');
    const { json } = blockOf('a', ['gone']) as { json: string };
    const { header, logId, offset, appendedAt } = block as NonNullable<typeof block>;
    const anew = { header, logId, offset, appendedAt, json };
    expect(await codeOf(log.replace(anew))).toBe('STORAGE_FULL');
    disk.isFull = nothing;
    expect(await codeOf(log.replace(anew))).toBe('done');
  });
});

describe('a log that is closed', () => {
  test('ends what is under way with CLOSED, whatever it was', async () => {
    const log = await openLog();
    await fill(log, 62);
    const [block] = (await log.read('a', 0, 1)).blocks;
    const all = [
      ...Array.from({ length: 55 }, (_, n) => log.read('a', n, 1)),
      log.trim('a', 50),
      log.records(''),
      log.channels(),
      log.replace(block as NonNullable<typeof block>),
      log.append([{ block: blockOf('b', ['x']) }]),
      log.save([['name', 1]]),
    ].map(codeOf);
    await log.close();
    const late = [
      log.read('a', 3, 1),
      log.read('a', 61, 1),
      log.trim('a', 50),
      log.append([{ block: blockOf('b', ['x']) }]),
    ];
    expect(await Promise.all(late.map(codeOf))).toEqual(late.map(() => 'CLOSED'));
    const ends = new Set(await Promise.all(all));
    ends.delete('done');
    expect([...ends]).toEqual(['CLOSED']);
    expect(reported).toEqual([]);
  });

  test('because it could not be opened has no file open', async () => {
    const log = await openLog();
    await fill(log, 40);
    await log.trim('a', 35);
    await log.append([{ block: blockOf('b', ['x']) }]);
    await log.close();
    disk.handles = [];
    disk.isBroken = true;
    await expect(openLog()).rejects.toThrow('EIO');
    expect(disk.handles.length).toBeGreaterThan(1);
    expect((disk.handles as FileHandle[]).filter(({ fd }) => fd !== -1)).toEqual([]);
  });
});

describe('a reader of older files', () => {
  test('finds nothing damaged in what others have dropped while it slept', async () => {
    disk.isSilent = true;
    const asleep = await openLog({ poll: 1_000_000 });
    const log = await openLog({ poll: 1_000_000 });
    await fill(log, 60);
    await asleep.records('');
    expect((await asleep.head('a')).head).toBe(60);
    await log.trim('a', 50);
    expect((await asleep.read('a', 0, 1)).blocks[0]?.offset).toBeGreaterThan(40);
    expect((await asleep.read('a', 5, 1)).blocks[0]?.offset).toBeGreaterThan(40);
    expect(reported).toEqual([]);
  });

  test('looks again before it calls damaged what others are at just now', async () => {
    const log = await openLog();
    await fill(log, 10);
    const first = join(journal(), '0000000001.log');
    const content = await readFile(first);
    const damaged: string[] = [];
    const segments = new Segments(journal(), (path) => void damaged.push(path));
    const read = (): Promise<string> => segments.read(1, () => Promise.resolve('read'), 'nothing');
    for (const before of [Buffer.alloc(0), content.subarray(0, content.length >> 1), undefined]) {
      if (before === undefined) await rm(first);
      else await writeFile(first, before);
      const reading = read();
      // It has looked once when this is done.
      await readdir(journal()).then(() => readdir(journal()));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await writeFile(first, content);
      expect(await reading).toBe('read');
      await segments.forget(1);
    }
    expect(damaged).toEqual([]);
    await writeFile(first, '');
    expect(await read()).toBe('nothing');
    expect(damaged).toEqual([first]);
    await segments.close();
  });

  test('has its file open as long as it reads, however many others read', async () => {
    const log = await openLog();
    // One in each file.
    for (let n = 0; n < 30; n += 1) await log.append([{ block: blockOf('a', ['x'.repeat(5000)]) }]);
    const pages = await Promise.all(Array.from({ length: 30 }, (_, n) => log.read('a', n, 1)));
    expect(pages.map(({ blocks }) => blocks[0]?.offset)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
  });
});

describe('a writer', () => {
  test('believes what stands in the file, not what it wrote', async () => {
    const log = await openLog();
    disk.harm = (bytes) => Buffer.from(bytes.toString().replace('as it was', 'as it xas'));
    const all = ['before', 'as it was', 'after'].map((content) => log.append([{ block: blockOf('a', [content]) }]));
    expect(await Promise.all(all)).toMatchObject([[{ offset: 1 }], [{ offset: 2 }], [{ offset: 3 }]]);
    expect(reported).toMatchObject([{ code: 'LOG_DAMAGED' }]);
  });

  test('tells its followers the same as all others tell theirs', async () => {
    const [log, other] = [await openLog(), await openLog()];
    const told = [log, other].map((one) => {
      const blocks: StoredBlock[] = [];
      one.follow((some) => blocks.push(...some));
      return blocks;
    });
    for (let n = 0; n < 30; n += 1)
      await Promise.all(
        [log, other].map((one, at) => one.append([{ block: blockOf('a', [`${n} ${at}`, { n }, 'x'.repeat(n)]) }])),
      );
    await vi.waitFor(() => expect(told.map(({ length }) => length)).toEqual([60, 60]), within);
    expect(told[0]).toStrictEqual(told[1]);
    expect(told[0]).toStrictEqual(await readAll(await openLog(), 'a'));
  });
});

test('What nobody waits for is a warning, and ends no process', async () => {
  const log = await openLog();
  await fill(log, 40);
  await log.close();
  const first = join(journal(), '0000000001.log');
  await writeFile(first, (await readFile(first, 'latin1')).replace('0 xxx', '0 yyy'));
  const warnings: Error[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on('warning', listen);
  try {
    const late = await FileLog.open({ directory, segmentSize: 4000 });
    logs.push(late);
    await late.read('a', 0, 100);
    await vi.waitFor(() => expect(warnings.length).toBe(1), within);
    expect(warnings[0]).toMatchObject({ name: 'BuslineWarning' });
    expect(warnings[0]?.message).toContain(`${first} is damaged at byte`);
  } finally {
    process.off('warning', listen);
  }
});

describe('a group on a full disk', () => {
  async function openBus(): Promise<{ bus: MessageBusCore; failed: unknown[] }> {
    const bus = new MessageBusCore({ log: await openLog() });
    const failed: unknown[] = [];
    bus.on('error', (error) => void failed.push(error));
    return { bus, failed };
  }

  test('is joined when there is room', async () => {
    const { bus, failed } = await openBus();
    await bus.send({ channelId: 'work', content: 'first' });
    disk.isFull = everything;
    const told: unknown[] = [];
    bus.consume('work', { group: 'w', from: 'earliest' }, ({ content }) => void told.push(content));
    // It is refused, and waits.
    await vi.waitFor(() => expect(refusals).toBeGreaterThan(1), within);
    disk.isFull = nothing;
    await vi.waitFor(() => expect(told).toEqual(['first']), within);
    expect(failed).toEqual([]);
    await bus.close();
  });

  test('is not joined by who leaves before there is room', async () => {
    const { bus, failed } = await openBus();
    await bus.send({ channelId: 'work', content: 'first' });
    disk.isFull = everything;
    const told: unknown[] = [];
    const consumer = bus.consume('work', { group: 'w', from: 'earliest' }, ({ content }) => void told.push(content));
    await vi.waitFor(() => expect(refusals).toBeGreaterThan(1), within);
    const before = refusals;
    await consumer.close();
    // Whoever looks for channels is refused each time, many times before it would be joined anew.
    await vi.waitFor(() => expect(refusals).toBeGreaterThan(before + 60), within);
    disk.isFull = nothing;
    const other: unknown[] = [];
    bus.consume('work', { group: 'w', from: 'earliest' }, ({ content }) => void other.push(content));
    await vi.waitFor(() => expect(other).toEqual(['first']), within);
    await vi.waitFor(
      async () => expect((await bus.admin.groups('work'))[0]).toMatchObject({ members: 1, pending: 0 }),
      within,
    );
    expect([told, failed]).toEqual([[], []]);
    await bus.close();
  });

  test.each(['ends', 'fails'])('is told what %s there when there is room', async (how) => {
    const { bus, failed } = await openBus();
    const backoff = { initial: 1, max: 1, factor: 1, jitter: false };
    const attempts: number[] = [];
    bus.consume('work', { group: 'w', backoff, maxAttempts: 5 }, (message, { attempt }) => {
      attempts.push(attempt);
      if (attempt > 1) return;
      disk.isFull = everything;
      if (how === 'fails') throw new Error(`not ${String(message.content)}`);
    });
    await vi.waitFor(async () => expect((await bus.admin.groups('work'))[0]).toBeUndefined(), within);
    await bus.send({ channelId: 'work', content: 'it' });
    await vi.waitFor(() => expect(attempts).toEqual([1]), within);
    const before = refusals;
    await vi.waitFor(() => expect(refusals).toBeGreaterThan(before + 1), within);
    disk.isFull = nothing;
    const ended = { pending: 0, lag: 0 };
    await vi.waitFor(async () => expect((await bus.admin.groups('work'))[0]).toMatchObject(ended), within);
    expect(attempts).toEqual(how === 'ends' ? [1] : [1, 2]);
    expect(failed).toEqual([]);
    await bus.close();
  });
});
