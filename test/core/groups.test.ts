import { describe, expect, test } from 'vitest';
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Message } from 'busline/core';
import { quiet, testPlatform } from './support.ts';

test('each message is handled by one member of the group', async () => {
  const bus = new MessageBusCore();
  const handled: (readonly [number, unknown])[] = [];
  for (const member of [1, 2, 3])
    bus.consume('work', { group: 'w' }, (message) => void handled.push([member, message.content]));
  for (let n = 0; n < 30; n++) await bus.send({ channelId: 'work', content: n });
  await expect.poll(() => handled.length).toBe(30);
  expect(new Set(handled.map(([, content]) => content)).size).toBe(30);
  expect(new Set(handled.map(([member]) => member)).size).toBe(3);
  await bus.close();
});

test('what was sent before there was a member waits for it', async () => {
  const bus = new MessageBusCore();
  await bus.send({ channelId: 'work', content: 'early' });
  const handled: unknown[] = [];
  bus.consume('work', { group: 'w' }, (message) => void handled.push(message.content));
  await expect.poll(() => handled).toEqual(['early']);
});

test('what throws comes again after a while, and is a dead letter in the end', async () => {
  const platform = testPlatform();
  const bus = new MessageBusCore({ platform });
  const attempts: number[] = [];
  const dead: string[] = [];
  bus.on('deadLetter', ({ message, group, reason }) => dead.push(`${String(message.content)} ${group} ${reason}`));
  bus.consume(
    'work',
    { group: 'w', maxAttempts: 3, backoff: { initial: 100, jitter: false } },
    (_message, { attempt }) => {
      attempts.push(attempt);
      throw new Error('no');
    },
  );
  await bus.send({ channelId: 'work', content: 'poison' });
  await quiet();
  expect(attempts).toEqual([1]);
  platform.advance(100);
  await quiet();
  expect(attempts).toEqual([1, 2]);
  platform.advance(199);
  await quiet();
  expect(attempts).toEqual([1, 2]);
  platform.advance(1);
  await quiet();
  expect(attempts).toEqual([1, 2, 3]);
  await quiet();
  expect(dead).toEqual(['poison w no']);
});
