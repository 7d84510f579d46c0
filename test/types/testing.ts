// A user's own tests, and the suites for what users plug in.
import type { Adapter, Log, Message, MessageBus } from 'busline/core';
import { MemoryLog } from 'busline/core';
import { createTestBus, testAdapter, testLog } from 'busline/testing';
import type { AdapterUnderTest, TestBus } from 'busline/testing';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';

declare class Archive implements Adapter {
  readonly name: string;
  readonly rows: readonly Message[];
  onMessage(message: Message): Promise<void>;
}

test('two tabs', async () => {
  const { tabs, killHost, freeze, thaw, advance, close } = createTestBus();
  const [first, second] = tabs;
  first satisfies MessageBus;
  await second.subscribe('room', ({ content }) => content).ready;
  freeze(1);
  await first.send({ channelId: 'room', content: 'hello', ttl: 1000 });
  await killHost();
  await advance(1000);
  thaw(1);
  await close();
  expect(first.status.getSnapshot().host).toBe('closed');
});

export function many(count: number): TestBus {
  const three = createTestBus({ tabs: 3, author: 'ada', schemas: { n: z.number() } });
  three.tabs[2].subscribe('n', ({ content }) => content.toFixed());
  // @ts-expect-error there are three
  three.tabs[3].subscribe('n', () => undefined);
  // @ts-expect-error a text is no number
  void three.tabs[0].send({ channelId: 'n', content: 'one' });
  const some = createTestBus({ tabs: count });
  some.tabs satisfies readonly MessageBus[];
  return some;
}

testLog({ describe, test, expect }, { open: (): Promise<Log> => Promise.resolve(new MemoryLog()) });

testAdapter(
  { describe, test, expect },
  {
    create: (): AdapterUnderTest => {
      const adapter = new Archive();
      return { adapter, handled: () => adapter.rows.map(({ id }) => id) };
    },
  },
);
