import { expect, test } from 'vitest';
import { MemoryLog, MessageBusCore } from 'busline/core';
import { quiet, wrapped } from './support.ts';

test('what a process left behind is put in order by the next: streams end, and work comes to others', async () => {
  const log = new MemoryLog();
  const dying = new MessageBusCore({ log: wrapped(log, {}) });
  dying.consume('work', { group: 'g' }, () => new Promise(() => undefined));
  await dying.send({ channelId: 'work', content: 'left' });
  dying.stream({ channelId: 'story' }).write('begun');
  const left = async (): Promise<number> => (await log.records('will:')).size + (await log.records('group:')).size;
  await expect.poll(left).toBe(2);
  const next = new MessageBusCore({ log });
  const handled: (readonly [unknown, number])[] = [];
  await quiet();
  next.consume('work', { group: 'g' }, ({ content }, { attempt }) => void handled.push([content, attempt]));
  await expect.poll(() => handled).toEqual([['left', 2]]);
  const view = next.live('story');
  await expect.poll(() => view.getSnapshot().map(({ state }) => state)).toEqual(['aborted']);
  expect([...(await log.records('will:')).keys()]).toEqual([]);
});
