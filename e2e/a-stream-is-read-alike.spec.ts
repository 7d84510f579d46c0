import type { Page } from '@playwright/test';
import { expect, test } from './support/tabs.ts';

test.use({ trace: 'off', counted: 'pages' });

const deltas = 2000;

interface Read {
  parts: string[];
  end: unknown;
}

declare global {
  var read: Read;
  var writeUpTo: (count: number) => void;
}

async function reading(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const bus = busline.createBus({ worker: busline.faulty, author: 'reader' });
    const read: Read = { parts: [], end: undefined };
    Object.assign(globalThis, { bus, read });
    await bus.streams('story', async (stream) => {
      for await (const part of stream) read.parts.push(part);
      read.end = (await stream.done).content;
    }).ready;
  });
}

test('a stream of 2,000 deltas is read alike in three tabs, one of which opened in the middle, while the host changes', async ({
  openTab,
}) => {
  test.setTimeout(90_000);
  const writer = await openTab();
  const [early, other] = [await openTab(), await openTab()];
  await reading(early);
  await reading(other);
  await writer.evaluate((total) => {
    const bus = busline.createBus({ worker: busline.faulty, author: 'writer' });
    const hosts: number[] = [];
    bus.on('host', ({ term }) => hosts.push(term));
    let allowed = 0;
    let goOn = (): void => undefined;
    const write = async (): Promise<unknown> => {
      const stream = bus.stream({ channelId: 'story' });
      for (let n = 0; n < total; n++) {
        if (n === allowed) await new Promise<void>((resolve) => (goOn = resolve));
        stream.write(`word ${n} `);
        await new Promise((resolve) => setTimeout(resolve));
      }
      return (await stream.close()).content;
    };
    const writeUpTo = (count: number): void => {
      allowed = count;
      goOn();
    };
    Object.assign(globalThis, { bus, hosts, done: write(), writeUpTo });
  }, deltas);
  const lengthIn = (page: Page) => (): Promise<number> => page.evaluate(() => read.parts.join('').length);
  await writer.evaluate(() => writeUpTo(700));
  await expect.poll(lengthIn(early)).toBeGreaterThan(2000);
  const late = await openTab();
  await reading(late);
  await expect.poll(lengthIn(late)).toBeGreaterThan(2000);
  await writer.evaluate(() => {
    writeUpTo(2000);
    const control = new BroadcastChannel('faults:busline');
    control.postMessage({ kill: true });
    control.close();
  });
  const text = Array.from({ length: deltas }, (_, n) => `word ${n} `).join('');
  expect(await writer.evaluate(() => done)).toBe(text);
  for (const page of [early, other, late]) {
    await expect.poll(() => page.evaluate(() => read.end)).toBe(text);
    expect(await page.evaluate(() => read.parts.join(''))).toBe(text);
  }
  expect(await writer.evaluate(() => (globalThis as unknown as { hosts: number[] }).hosts.length)).toBe(2);
});

test('a stream whose writer is gone ends as aborted, with what it had written', async ({ openTab }) => {
  const [writer, reader] = [await openTab(), await openTab()];
  await reader.evaluate(async () => {
    const bus = busline.createBus({ worker: busline.faulty });
    const read: Read = { parts: [], end: undefined };
    Object.assign(globalThis, { bus, read });
    await bus.streams('story', async (stream) => {
      stream.done.catch((error: unknown) => (read.end = (error as { code: string }).code));
      for await (const part of stream) read.parts.push(part);
    }).ready;
  });
  await writer.evaluate(() => {
    globalThis.bus = busline.createBus({ worker: busline.faulty });
    bus.stream({ channelId: 'story' }).write('as far as it came');
  });
  await expect.poll(() => reader.evaluate(() => read.parts.join(''))).toBe('as far as it came');
  await writer.close();
  await expect.poll(() => reader.evaluate(() => read.end)).toBe('STREAM_ABORTED');
  const view = await reader.evaluate(async () => {
    const live = bus.live('story');
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (live.getSnapshot().some(({ state }) => state === 'aborted')) resolve();
      };
      live.subscribe(look);
      look();
    });
    return live.getSnapshot().map(({ state }) => state);
  });
  expect(view).toEqual(['aborted']);
});
