// A log in files where the files are not as they should be: what can be read is read, what can be written is written, and
// nothing is passed over in silence.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isBusError } from 'busline/core';
import type { Log } from 'busline/core';
import { networkOf, prepared } from '../../src/node/file-log/directory.ts';
import { FileLog } from '../../src/node/file-log/file-log.ts';
import { append, contentsOf, readAll } from '../../src/testing/log-setup.ts';
import { blockOf, identified } from '../../src/testing/sender.ts';
import type { Fact, Job } from './lives/main.ts';
import { buildProgram } from './lives.ts';

const run = promisify(execFile);
let directory: string;
const logs: FileLog[] = [];
let reported: string[] = [];
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'busline-trouble-'))));
afterEach(async () => {
  await closeAll();
  reported = [];
  await rm(directory, { recursive: true, force: true });
});

async function openLog(segmentSize = 4000, at = directory): Promise<FileLog> {
  const onError = (error: unknown): void => void reported.push(isBusError(error) ? error.code : String(error));
  const log = await FileLog.open({ directory: at, segmentSize, poll: 20, onError });
  logs.push(log);
  return log;
}

async function closeAll(): Promise<void> {
  await Promise.all(logs.splice(0).map((log) => log.close()));
}

const codeOf = (task: Promise<unknown>): Promise<unknown> =>
  task.then(
    () => undefined,
    (error: unknown) => (isBusError(error) ? error.code : error),
  );

/** Blocks of two messages, numbered. */
async function fill(log: Log, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n += 1)
    expect(await append(log, blockOf('a', [n, `x${'x'.repeat(200)}`]))).toMatchObject({ kind: 'stored' });
}

const numbersIn = async (log: Log): Promise<readonly unknown[]> =>
  contentsOf(await readAll(log, 'a')).flatMap(([offset, content]) =>
    typeof content === 'number' ? [`${offset}:${content}`] : [],
  );

const numbered = (from: number, to: number, except: readonly number[] = []): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at)
    .filter((n) => !except.includes(n))
    .map((n) => `${2 * n - 1}:${n}`);

async function files(): Promise<readonly string[]> {
  const folder = join(directory, 'channels', 'a');
  return (await readdir(folder)).toSorted().map((name) => join(folder, name));
}

/** Changes one byte of the file: the one after the first place where this stands. */
async function flip(path: string, text: string | RegExp): Promise<void> {
  const bytes = await readFile(path);
  const content = bytes.toString('latin1');
  const found = typeof text === 'string' ? content.indexOf(text) + text.length : content.search(text);
  expect(found).toBeGreaterThan(0);
  bytes[found] = (bytes[found] as number) ^ 1;
  await writeFile(path, bytes);
}

describe('a folder that is none for a log', () => {
  test.each([
    [0x6969, 'NFS'],
    [0xff534d42, 'CIFS'],
    [-11317950, 'CIFS'],
    [0xfe534d42, 'SMB2'],
    [0x517b, 'SMB'],
    [0x01021997, '9p'],
    [0x5346414f, 'AFS'],
    [0x00c36400, 'Ceph'],
    [0x0bd00bd0, 'Lustre'],
  ])('is on a network: type %i is %s', (type, name) => {
    expect(networkOf(type)).toBe(name);
  });

  test('is on a network where a program serves it over one', () => {
    expect(networkOf(0x65735546, 'fuse.glusterfs')).toBe('fuse.glusterfs');
    expect(networkOf(0x65735546, 'fuse.sshfs')).toBe('fuse.sshfs');
    expect(networkOf(0x65735546, 'fuseblk')).toBe(undefined);
    expect(networkOf(0x65735546)).toBe(undefined);
  });

  test('is not on a network on disks of this machine', async () => {
    for (const type of [0xef53, 0x01021994, 0x58465342, 0x9123683e, 0x794c7630, 0x2fc12fc1])
      expect(networkOf(type)).toBe(undefined);
    expect(networkOf((await statfs(tmpdir())).type)).toBe(undefined);
  });

  test('is refused where it is on a network, before anything is written there', async () => {
    const task = vi.fn<() => Promise<void>>(() => Promise.resolve());
    expect(await codeOf(prepared(directory, task, () => Promise.resolve(0x6969)))).toBe('NETWORK_DIRECTORY');
    expect(task).not.toHaveBeenCalled();
    expect(await codeOf(prepared(directory, task))).toBe(undefined);
    expect(task).toHaveBeenCalledOnce();
  });

  test('cannot be written to', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    expect(await codeOf(FileLog.open({ directory: join(file, 'below') }))).toBe('DIRECTORY_DENIED');
    expect(await codeOf(FileLog.open({ directory: file }))).toBe('DIRECTORY_DENIED');
    const other = join(directory, 'other');
    await mkdir(other);
    // Who may mount sees what a disk is that takes nothing.
    const isMounted = await run('mount', ['-t', 'tmpfs', '-o', 'ro', 'none', other]).then(
      () => true,
      () => false,
    );
    if (!isMounted) return;
    try {
      expect(await codeOf(FileLog.open({ directory: other }))).toBe('DIRECTORY_DENIED');
    } finally {
      await run('umount', [other]);
    }
  });
});

describe('a file of the log that has come to harm', () => {
  test.each([
    ['an older file', 0],
    ['the last one', -1],
  ])('in the content of a message in %s loses the messages of that block, and says so once', async (_name, at) => {
    await fill(await openLog(), 1, 50);
    await closeAll();
    const path = (await files()).at(at) as string;
    const [, n] = /\{"content":(\d+)/.exec(await readFile(path, 'latin1')) ?? [];
    await flip(path, `{"content":${n}`);
    const log = await openLog();
    expect(await numbersIn(log)).toEqual(numbered(1, 50, [Number(n)]));
    expect(await numbersIn(log)).toEqual(numbered(1, 50, [Number(n)]));
    expect(reported).toEqual(['LOG_DAMAGED']);
    await fill(log, 51, 60);
    expect(await numbersIn(log)).toEqual(numbered(1, 60, [Number(n)]));
    await closeAll();
    expect(await numbersIn(await openLog())).toEqual(numbered(1, 60, [Number(n)]));
  });

  test.each([
    ['an older file', 0],
    ['the last one', -1],
  ])('in the header of a block in %s loses that block, and the others keep their places', async (_name, at) => {
    const log = await openLog();
    await fill(log, 1, 50);
    await closeAll();
    const path = (await files()).at(at) as string;
    const [, n] = /\{"content":(\d+)/.exec(await readFile(path, 'latin1')) ?? [];
    await flip(path, /serverId/);
    const again = await openLog();
    await fill(again, 51, 60);
    const lost = Number(n);
    const found = contentsOf((await readThrough(again)).flat()).flatMap(([offset, content]) =>
      typeof content === 'number' ? [`${offset}:${content}`] : [],
    );
    // In an older file nothing says how many messages were lost, but what comes next does.
    expect(found).toEqual(numbered(1, 60, [lost]));
    expect(reported).toEqual(['LOG_DAMAGED']);
  });

  test('because it was cut short is read as far as it goes', async () => {
    await fill(await openLog(), 1, 50);
    await closeAll();
    const [path] = (await files()) as [string];
    await truncate(path, (await readFile(path)).length >> 1);
    const log = await openLog();
    const found = contentsOf((await readThrough(log)).flat());
    const kept = found.flatMap(([offset, content]) => (typeof content === 'number' ? [`${offset}:${content}`] : []));
    expect(numbered(1, 50)).toEqual(expect.arrayContaining([...kept]));
    expect(kept).toEqual(expect.arrayContaining([...numbered(1, 1), ...numbered(20, 50)]));
    expect(reported).toEqual(['LOG_DAMAGED']);
    await fill(log, 51, 52);
  });

  test.each([
    ['much', 700, 18],
    ['little', 20, 19],
  ])(
    'by %s, while others have it open, is left alone, and nothing is lost that comes then',
    async (_name, cut, kept) => {
      const [log, other] = [await openLog(1_000_000), await openLog(1_000_000)];
      await fill(log, 1, 20);
      await vi.waitFor(async () => expect((await other.head('a')).head).toBe(40), 5000);
      const [path] = (await files()) as [string];
      await truncate(path, (await readFile(path)).length - cut);
      await fill(log, 21, 23);
      await fill(other, 24, 25);
      await fill(log, 26, 27);
      expect(new Set(reported)).toEqual(new Set(['LOG_DAMAGED']));
      const late = await openLog(1_000_000);
      for (const one of [log, other, late]) {
        await vi.waitFor(async () => expect(await one.head('a')).toMatchObject({ first: 1, head: 54 }), 5000);
        const found = contentsOf((await readThrough(one)).flat());
        const numbers = found.flatMap(([, content]) => (typeof content === 'number' ? [content] : []));
        expect(numbers).toEqual([...Array.from({ length: kept }, (_, n) => n + 1), 21, 22, 23, 24, 25, 26, 27]);
      }
    },
  );

  test.each([
    ['once', 1],
    ['twice', 2],
  ])('where it begins, %s, is read by what stands before it', async (_name, times) => {
    await fill(await openLog(), 1, 50);
    await closeAll();
    const path = (await files()).at(-1) as string;
    for (let n = 0; n < times; n += 1) {
      const bytes = await readFile(path);
      let at = -1;
      for (let k = 0; k <= n; k += 1) at = bytes.indexOf('"logId"', at + 1);
      bytes[at] = 0x58;
      await writeFile(path, bytes);
    }
    const log = await openLog();
    await fill(log, 51, 53);
    expect(await numbersIn(log)).toEqual(numbered(1, 53));
    expect(reported).toEqual(['LOG_DAMAGED']);
  });

  test('at its end only, by less than a record, has lost nothing that a reader needs', async () => {
    await fill(await openLog(1_000_000), 1, 5);
    await closeAll();
    const [path] = (await files()) as [string];
    // As a disk leaves it that became full just there.
    await truncate(path, (await readFile(path)).length - 1);
    const log = await openLog(1_000_000);
    expect(await numbersIn(log)).toEqual(numbered(1, 5));
    await fill(log, 6, 7);
    expect(await numbersIn(log)).toEqual(numbered(1, 7));
    expect(await numbersIn(await openLog(1_000_000))).toEqual(numbered(1, 7));
    expect(reported).toEqual([]);
  });

  test('because it was taken away is missing, and nothing else is', async () => {
    await fill(await openLog(), 1, 50);
    await closeAll();
    const [, second] = (await files()) as [string, string];
    await rm(second);
    const log = await openLog();
    const found = contentsOf((await readThrough(log)).flat()).map(([offset]) => offset);
    expect(found.length).toBeGreaterThan(80);
    expect([found[0], found.at(-1)]).toEqual([1, 100]);
    expect(reported).toEqual(['LOG_DAMAGED']);
    await fill(log, 51, 52);
    expect((await files()).includes(second)).toBe(false);
  });

  test('with all others, while they are open, is begun anew where it ended', async () => {
    const [log, other] = [await openLog(1_000_000), await openLog(1_000_000)];
    await fill(log, 1, 20);
    await vi.waitFor(async () => expect((await other.head('a')).head).toBe(40), 5000);
    rmSync(join(directory, 'channels', 'a'), { recursive: true });
    await fill(log, 21, 22);
    await fill(other, 23, 24);
    await fill(log, 25, 25);
    const late = await openLog(1_000_000);
    for (const one of [log, other, late]) {
      await vi.waitFor(async () => expect((await one.head('a')).head).toBe(50), 5000);
      const found = contentsOf((await readThrough(one)).flat()).flatMap(([, content]) =>
        typeof content === 'number' ? [content] : [],
      );
      expect(found).toEqual([21, 22, 23, 24, 25]);
    }
    expect(new Set(reported)).toEqual(new Set(['LOG_DAMAGED']));
  });

  test('is none where somebody has put a file of their own', async () => {
    await fill(await openLog(), 1, 20);
    await closeAll();
    const [path] = (await files()) as [string];
    await writeFile(join(path, '..', 'notes.txt'), 'mine');
    await writeFile(join(directory, 'channels', 'README'), 'mine');
    await mkdir(join(directory, 'channels', 'Not A Channel'));
    const log = await openLog();
    expect(await numbersIn(log)).toEqual(numbered(1, 20));
    expect(await log.channels()).toEqual(['a']);
    expect(reported).toEqual([]);
  });
});

/** Also where blocks do not follow on each other. */
async function readThrough(log: Log): Promise<readonly (readonly Parameters<typeof contentsOf>[0][number][])[]> {
  const pages = [];
  for (let after = 0; ;) {
    const { blocks } = await log.read('a', after, 10);
    if (blocks.length === 0) return pages;
    pages.push(blocks);
    after = blocks.at(-1)?.offset as number;
  }
}

/** A process that may not write beyond so many kB into a file, as `ulimit -f` has it. */
async function underLimit(): Promise<number> {
  const program = await buildProgram();
  const job: Job = {
    log: { directory, segmentSize: 10_000_000 },
    life: 'limited',
    burst: 20,
    upTo: 1_000_000,
    group: false,
  };
  const command = `ulimit -f 64; exec "$0" "$1" "$2"`;
  const child = spawn('bash', ['-c', command, process.execPath, program.file, JSON.stringify(job)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(child, 'close');
  const facts: Fact[] = [];
  let rest = '';
  child.stdout.on('data', (text: Buffer) => {
    const lines = `${rest}${text.toString()}`.split('\n');
    rest = lines.pop() as string;
    facts.push(...lines.map((line) => JSON.parse(line) as Fact));
  });
  const codes = (): unknown[] => facts.flatMap((fact) => (fact.t === 'refused' ? [fact.code] : []));
  await vi.waitFor(() => expect(codes().length).toBeGreaterThan(20), 10_000);
  expect(new Set(codes())).toEqual(new Set(['STORAGE_FULL']));
  const log = await openLog();
  const ends = [
    await append(log, blockOf('room', ['there is room for others'])),
    await append(log, blockOf('room', ['again'])),
  ];
  expect(ends).toMatchObject([{ kind: 'stored' }, { kind: 'stored' }]);
  child.kill('SIGKILL');
  await gone;
  await closeAll();
  const found = contentsOf(await readAll(await openLog(), 'room'));
  const stored = facts.flatMap((fact) => (fact.t === 'stored' ? [[fact.offset, fact.n]] : []));
  const own = found.map(([offset, content]) => [offset, (content as { n?: number }).n]);
  expect(own.filter(([, n]) => n !== undefined)).toEqual(stored);
  expect(own.length).toBe(stored.length + 2);
  await program.remove();
  return stored.length;
}

/** A disk of 256 kB that becomes full, and is freed again. */
async function onSmallDisk(): Promise<number> {
  const two = [await openLog(20_000, directory), await openLog(20_000, directory)];
  const ballast = join(directory, 'ballast');
  await writeFile(ballast, Buffer.alloc(100_000));
  const stored: (readonly [number, unknown])[] = [];
  const refused: unknown[] = [];
  const sequences = [0, 0];
  const told: number[] = [];
  two[0]?.follow((blocks) => told.push(...blocks.map(({ offset }) => offset)));
  const send = async (by: number, count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      const content = `${by} ${stored.length} ${'x'.repeat(100 + ((n * 97) % 900))}`;
      const sequence = (sequences[by] as number) + 1;
      const verdict = await append(two[by] as FileLog, identified(blockOf('a', [content]), `p${by}`, sequence));
      if (verdict.kind === 'stored') {
        stored.push([verdict.offset, content]);
        sequences[by] = sequence;
      } else if (verdict.kind === 'refused') {
        refused.push(verdict.code);
      }
    }
  };
  await Promise.all([send(0, 200), send(1, 200)]);
  expect(new Set(refused)).toEqual(new Set(['STORAGE_FULL']));
  expect(refused.length).toBeGreaterThan(20);
  expect(await append(two[0] as FileLog, blockOf('new', ['x']))).toMatchObject({
    kind: 'refused',
    code: 'STORAGE_FULL',
  });
  const before = stored.length;
  await rm(ballast);
  await Promise.all([send(0, 20), send(1, 20)]);
  expect(stored.length).toBe(before + 40);
  for (const log of [...two, await openLog(20_000)]) {
    const found = contentsOf(await readAll(log, 'a'));
    expect(found).toEqual(stored.toSorted(([a], [b]) => a - b));
  }
  expect(told).toEqual(stored.map(([offset]) => offset).toSorted((a, b) => a - b));
  expect(reported).toEqual([]);
  await closeAll();
  return stored.length;
}

describe('a full disk', () => {
  test('refuses, keeps what was acknowledged, and goes on when there is room', async () => {
    const isMounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', directory]).then(
      () => true,
      () => false,
    );
    try {
      // Who may not mount sees it by a limit.
      expect(await (isMounted ? onSmallDisk() : underLimit())).toBeGreaterThan(50);
    } finally {
      await closeAll();
      if (isMounted) await run('umount', [directory]);
    }
  });

  test('for one process only leaves the others their room', async () => {
    expect(await underLimit()).toBeGreaterThan(50);
  });
});
