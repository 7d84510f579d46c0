// Where a file of the package is not served, what needs it says so, and the rest goes on.
import { MessageBusCore } from 'busline/core';
import type { BusError } from 'busline/core';
import { expect, test, vi } from 'vitest';
import { failure, until } from './support.ts';

const notServed = vi.hoisted(() => (): never => {
  throw new Error('404');
});
vi.mock('../../src/core/history.ts', notServed);
vi.mock('../../src/core/respond.ts', notServed);

test('a part that cannot be loaded is an error with its code, or an event where nobody waits for it', async () => {
  const bus = new MessageBusCore();
  const errors: BusError[] = [];
  bus.on('error', (error) => errors.push(error));
  expect(await failure(bus.history('a'))).toMatchObject({ code: 'PART_MISSING', retryable: false });
  const consumer = bus.respond('a', () => 1);
  await until(() => errors.length === 1);
  expect(errors[0]).toMatchObject({ code: 'PART_MISSING' });
  await consumer.close();
  expect((await bus.send({ channelId: 'a', content: 1 })).offset).toBe(1);
  await bus.close();
});
