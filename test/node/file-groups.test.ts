// Groups whose members are in several processes' logs on one folder.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MessageBusCore } from 'busline/core';
import { FileLog } from 'busline/node';
import { messagesOf } from '../../src/core/block.ts';
import type { GroupHome } from '../../src/core/group-keeper.ts';
import { systemPlatform } from '../../src/core/platform.ts';
import { worker } from '../core/group-support.ts';
import { doer, numbers, sendAll, testSharedGroups, within } from './shared-groups.ts';

let directory: string;
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'busline-groups-'))));

async function members(): Promise<number> {
  const log = await FileLog.open({ directory });
  const all = await log.records('member:');
  await log.close();
  return all.size;
}

testSharedGroups('files', {
  open: () => FileLog.open({ directory }),
  members,
  next: () => rm(directory, { recursive: true, force: true }),
});
testSharedGroups('files that are short', {
  open: () => FileLog.open({ directory, segmentSize: 2000 }),
  members,
  next: () => rm(directory, { recursive: true, force: true }),
});

describe('a group in files', () => {
  const logs: FileLog[] = [];
  const buses: MessageBusCore[] = [];
  const openBus = async (segmentSize = 3000): Promise<MessageBusCore> => {
    const log = await FileLog.open({ directory, segmentSize });
    const bus = new MessageBusCore({ log });
    logs.push(log);
    buses.push(bus);
    return bus;
  };
  const closeAll = async (): Promise<void> => {
    logs.splice(0);
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
  };
  afterEach(async () => {
    await closeAll();
    await rm(directory, { recursive: true, force: true });
  });
  const sizeOfAll = async (): Promise<number> => {
    const names = await readdir(join(directory, 'channels'), { recursive: true });
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, 'channels', name))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  };

  test('that has nothing to do writes nothing', async () => {
    const [a, b] = [await openBus(), await openBus(1_000_000)];
    const done = [doer(a, { concurrency: 4 }), doer(b, { concurrency: 4 })];
    await sendAll(a, numbers(50));
    await vi.waitFor(
      async () => expect((await b.admin.groups('work'))[0]).toMatchObject({ pending: 0, lag: 0 }),
      within,
    );
    expect(done.flat().length).toBe(50);
    const size = await sizeOfAll();
    // It was looked around more than once since then.
    const [name] = (await readdir(join(directory, 'processes'))) as [string];
    const touched = async (): Promise<number> => (await stat(join(directory, 'processes', name))).mtimeMs;
    const before = await touched();
    await vi.waitFor(async () => expect(await touched()).toBeGreaterThan(before + 2000), { timeout: 10_000 });
    expect(await sizeOfAll()).toBe(size);
  });

  test('goes on where it was when all processes have ended', async () => {
    const first = await openBus();
    const handled: unknown[] = [];
    const backoff = { initial: 1, max: 1, factor: 1, jitter: false };
    const consumer = first.consume('work', { group: 'w', concurrency: 2, maxAttempts: 2, backoff }, ({ content }) => {
      if (Number(content) <= 2) throw new Error('no');
      handled.push(content);
      if (handled.length === 6) consumer.pause();
    });
    await sendAll(first, numbers(40));
    await vi.waitFor(() => expect(handled.length).toBeGreaterThanOrEqual(6), within);
    await vi.waitFor(async () => expect((await first.admin.deadLetters()).length).toBe(2), within);
    const letters = await first.admin.deadLetters();
    await closeAll();
    const second = await openBus();
    expect(await second.admin.deadLetters()).toEqual(letters);
    const done = doer(second);
    await vi.waitFor(
      async () => expect((await second.admin.groups('work'))[0]).toMatchObject({ pending: 0, lag: 0 }),
      within,
    );
    const dead = letters.map(({ message }) => message.content);
    expect([...done, ...handled, ...dead].toSorted((x, y) => Number(x) - Number(y))).toEqual(numbers(40));
  });

  test('is spared what is deleted or cleared, and keeps what it needs from being dropped', async () => {
    const bus = await openBus();
    const work = worker(bus);
    await sendAll(bus, numbers(20));
    await vi.waitFor(() => expect(work.calls.length).toBe(1), within);
    const log = logs[0] as FileLog;
    const keeper = log.groups({ log, platform: systemPlatform } as unknown as GroupHome);
    expect(await keeper.floor('work')).toBe(0);
    const [, second] = (await log.read('work', 0, 2)).blocks.flatMap((block) => messagesOf(block, block.offset));
    await bus.deleteMessage((second as { id: string }).id, 'work');
    work.calls[0]?.end();
    await vi.waitFor(() => expect(work.told()).toEqual(['1 1', '3 1']), within);
    expect(await keeper.floor('work')).toBe(2);
    await bus.clearChannel('work');
    work.calls[1]?.end();
    await vi.waitFor(
      async () => expect((await bus.admin.groups('work'))[0]).toMatchObject({ pending: 0, lag: 0 }),
      within,
    );
    await sendAll(bus, ['next']);
    await vi.waitFor(() => expect(work.told()).toEqual(['1 1', '3 1', 'next 1']), within);
    work.calls[2]?.end();
    const { head } = await log.head('work');
    await vi.waitFor(async () => expect(await keeper.floor('work')).toBe(head), within);
  });
});
