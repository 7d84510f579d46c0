// A log that keeps what it takes now here, now there.
import { MemoryLog, MessageBusCore } from 'busline/core';
import { expect, test, vi } from 'vitest';
import { Watched } from '../../src/core/store.ts';

test('the status says where messages are kept now', async () => {
  const place = new Watched('redis');
  const log = Object.assign(new MemoryLog(), { place });
  const bus = new MessageBusCore({ log });
  const durability = (): string => bus.status.getSnapshot().durability;
  expect(durability()).toBe('redis');
  place.set('file');
  await vi.waitFor(() => expect(durability()).toBe('files'));
  place.set('redis');
  await vi.waitFor(() => expect(durability()).toBe('redis'));
  await bus.close();
  expect(place.isWatched).toBe(false);
});
