// Several logs on one folder, as processes have them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MessageBusCore } from 'busline/core';
import type { Message } from 'busline/core';
import { FileLog } from '../../src/node/file-log/file-log.ts';

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
});
