// Several logs on one folder, as processes have them.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MessageBusCore } from 'busline/core';
import type { Message } from 'busline/core';
import { FileLog } from '../../src/node/file-log/file-log.ts';
import { blockOf } from '../../src/testing/sender.ts';

let directory: string;
const buses: MessageBusCore[] = [];
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'busline-files-'))));
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
  await rm(directory, { recursive: true, force: true });
});

async function openBus(segmentSize = 20_000): Promise<MessageBusCore> {
  const bus = new MessageBusCore({ log: await FileLog.open({ directory, segmentSize }) });
  buses.push(bus);
  return bus;
}

function record(bus: MessageBusCore): Message[] {
  const got: Message[] = [];
  bus.subscribe('room', (message) => void got.push(message), { from: 'earliest' });
  return got;
}

describe('buses on one folder', () => {
  test('have each message once, in one order, whoever sent it, through many files', async () => {
    const all = await Promise.all([openBus(), openBus(), openBus()]);
    const got = all.map(record);
    await Promise.all(
      all.map(async (bus, by) => {
        for (let n = 0; n < 300; n += 10)
          await Promise.all(
            Array.from({ length: 10 }, (_, at) => bus.send({ channelId: 'room', content: { by, n: n + at } })),
          );
      }),
    );
    const expected = Array.from({ length: 900 }, (_, at) => at + 1);
    for (const own of got) await vi.waitFor(() => expect(own.map(({ offset }) => offset)).toEqual(expected), 5000);
    const [first, ...others] = got.map((own) => own.map(({ content }) => content));
    for (const other of others) expect(other).toEqual(first);
    for (const by of [0, 1, 2]) {
      const own = (first as { by: number; n: number }[]).filter((content) => content.by === by);
      expect(own.map(({ n }) => n)).toEqual(Array.from({ length: 300 }, (_, n) => n));
    }
    const late = record(await openBus());
    await vi.waitFor(() => expect(late.map(({ content }) => content)).toEqual(first), 5000);
  });

  test('drop all that each of them was asked to drop, also at the same time', async () => {
    const [a, b] = await Promise.all([FileLog.open({ directory }), FileLog.open({ directory })]);
    for (let n = 1; n <= 60; n += 1) await a.append([{ block: blockOf('room', [n]) }]);
    await vi.waitFor(async () => expect((await b.head('room')).head).toBe(60), 5000);
    for (let upTo = 2; upTo <= 58; upTo += 2) {
      await Promise.all([a.trim('room', upTo - 1), b.trim('room', upTo)]);
      expect((await b.head('room')).first).toBe(upTo + 1);
    }
    await Promise.all([a.close(), b.close()]);
  });

  test('find each other’s channels, whatever they are called', async () => {
    const names = [
      'a',
      'A',
      'coordination:x',
      'coordination_x',
      '..',
      'ü'.repeat(120),
      `${'ü'.repeat(120)}!`,
      '/etc',
      'x'.repeat(250),
    ];
    const [first, second] = [await openBus(), await openBus()];
    await Promise.all(names.map((channelId) => first.send({ channelId, content: channelId })));
    for (const bus of [second, await openBus()]) {
      await vi.waitFor(async () => expect((await bus.admin.channels()).length).toBe(names.length), 5000);
      for (const name of names) expect((await bus.history(name)).map(({ content }) => content)).toEqual([name]);
    }
  });

  test('leave no trace of what was kept beside the messages for a while', async () => {
    const log = await FileLog.open({ directory, segmentSize: 20_000 });
    const other = await FileLog.open({ directory, segmentSize: 20_000 });
    const block = blockOf('room', ['x']);
    vi.setSystemTime(Date.now() - 120_000);
    for (let n = 0; n < 300; n += 1) {
      await log.append([{ block, records: [[`will:${n}`, 'secret']] }]);
      // Whoever takes it away has read it.
      expect((await other.records(`will:${n}`)).get(`will:${n}`)).toBe('secret');
      await other.save([[`will:${n}`, undefined]]);
    }
    vi.useRealTimers();
    expect(await log.records('will:')).toEqual(new Map());
    await log.save([['kept', 1]]);
    const lines = async (): Promise<number> => {
      for (let n = 0; n < 300; n += 1) await other.save([[`more:${n}`, n < 299 ? undefined : 1]]);
      await log.append(Array.from({ length: 50 }, () => ({ block })));
      const late = await FileLog.open({ directory, segmentSize: 20_000 });
      expect([...(await late.records('')).keys()].toSorted()).toEqual(['kept', 'more:299']);
      await late.close();
      const texts = await Promise.all(
        ['.beside', 'room'].map(async (name) => {
          const folder = join(directory, 'channels', name);
          return readFile(join(folder, (await readdir(folder)).toSorted().at(-1) as string), 'utf8');
        }),
      );
      return texts.join('').split('will:').length - 1;
    };
    await vi.waitFor(async () => expect(await lines()).toBe(0), 20_000);
    await Promise.all([log.close(), other.close()]);
  });

  test('let others have their turn while one sends without a pause', async () => {
    const log = await FileLog.open({ directory });
    const block = blockOf('room', ['x']);
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    for (const begin = performance.now(); performance.now() - begin < 400;) await log.append([{ block }]);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
    await log.close();
  });

  test('take back what was kept beside the messages also where their clock is behind', async () => {
    const [log, other] = [await FileLog.open({ directory }), await FileLog.open({ directory })];
    const now = Date.now();
    try {
      vi.setSystemTime(now);
      await log.save([['name', 'value']]);
      expect((await other.records('name')).size).toBe(1);
      vi.setSystemTime(now - 5000);
      await other.save([['name', undefined]]);
    } finally {
      vi.useRealTimers();
    }
    for (const one of [log, other]) expect((await one.records('name')).size).toBe(0);
    await Promise.all([log.close(), other.close()]);
  });
});
