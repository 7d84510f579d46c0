// Presence over links: what a tab says holds while it lives, whichever host there is.
import type { Member } from 'busline/core';
import { expect, test } from 'vitest';
import type { HostedBus } from '../../src/core/bus.ts';
import type { RemoteHost } from '../../src/protocol/remote-host.ts';
import { quiet } from '../core/support.ts';
import { Succession } from './support.ts';

interface Tab {
  readonly bus: HostedBus;
  readonly client: RemoteHost;
  /** Who was there, each time that it was told. */
  readonly told: (readonly string[])[];
  readonly members: () => readonly Member[];
}

function tab(succession: Succession, author: string): Tab {
  const bus = succession.bus(author);
  const client = succession.clients.at(-1) as RemoteHost;
  const store = bus.presence('a');
  const told: string[][] = [];
  store.subscribe(() => told.push(store.getSnapshot().map(({ userId, tabs }) => `${userId} ${tabs}`)));
  return { bus, client, told, members: () => store.getSnapshot() };
}

test('tabs of a host see each other, and one that is gone vanishes', async () => {
  const succession = new Succession();
  const [ann, again, bob] = [tab(succession, 'ann'), tab(succession, 'ann'), tab(succession, 'bob')];
  ann.bus.setPresence('a', { at: 1 });
  await again.bus.joinChannel('a');
  again.bus.setPresence('a', { at: 2 });
  bob.bus.setPresence('a', { at: 3 });
  await quiet();
  for (const each of [ann, again, bob])
    expect(each.members()).toEqual([
      { userId: 'ann', tabs: 2, state: { at: 2 } },
      { userId: 'bob', tabs: 1, state: { at: 3 } },
    ]);
  succession.kill(again.client);
  await quiet();
  await quiet();
  expect(bob.members()).toEqual([
    { userId: 'ann', tabs: 1, state: { at: 1 } },
    { userId: 'bob', tabs: 1, state: { at: 3 } },
  ]);
  await ann.bus.close();
  await quiet();
  expect(bob.told.at(-1)).toEqual(['bob 1']);
});

test('comes back with the next host when one dies, and is seen no less', async () => {
  const succession = new Succession();
  const [ann, bob] = [tab(succession, 'ann'), tab(succession, 'bob')];
  ann.bus.setPresence('a', { typing: true });
  await bob.bus.joinChannel('a');
  await bob.bus.joinChannel('b');
  await bob.bus.leaveChannel('b');
  await quiet();
  succession.host.die();
  for (let turn = 0; turn < 4; turn++) await quiet();
  expect(succession.deaths).toBe(1);
  for (const each of [ann, bob])
    expect(each.members()).toEqual([
      { userId: 'ann', tabs: 1, state: { typing: true } },
      { userId: 'bob', tabs: 1 },
    ]);
  expect(bob.bus.presence('b').getSnapshot()).toEqual([]);
  ann.bus.setPresence('a', null);
  await quiet();
  expect(bob.told.at(-1)).toEqual(['bob 1']);
});

test('is told only while somebody watches', async () => {
  const succession = new Succession();
  const [ann, bob] = [succession.bus('ann'), succession.bus('bob')];
  const store = bob.presence('a');
  const told: number[] = [];
  const listener = (): void => void told.push(store.getSnapshot().length);
  await ann.joinChannel('a');
  await quiet();
  expect(store.getSnapshot()).toEqual([]);
  const [one, two] = [store.subscribe(listener), store.subscribe(listener)];
  await quiet();
  expect(told).toEqual([1, 1]);
  one();
  one();
  await ann.leaveChannel('a');
  await quiet();
  expect(told).toEqual([1, 1, 0]);
  two();
  two();
  await ann.joinChannel('a');
  await quiet();
  expect(told).toEqual([1, 1, 0]);
  succession.host.die();
  for (let turn = 0; turn < 4; turn++) await quiet();
  expect(told, 'nor does the next host tell who does not watch').toEqual([1, 1, 0]);
  store.subscribe(listener);
  await quiet();
  expect(told).toEqual([1, 1, 0, 1]);
});

test('a tab that goes to the background and comes back is there again', async () => {
  const succession = new Succession();
  const [ann, bob] = [tab(succession, 'ann'), tab(succession, 'bob')];
  ann.bus.setPresence('a', { here: true });
  await quiet();
  ann.client.detach('It is hidden.');
  await quiet();
  expect(bob.members()).toEqual([]);
  ann.bus.setPresence('a', { here: 'again' });
  succession.host.connect(ann.client);
  await quiet();
  expect(bob.members()).toEqual([{ userId: 'ann', tabs: 1, state: { here: 'again' } }]);
  expect(ann.members()).toEqual(bob.members());
});
