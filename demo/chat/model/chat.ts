// The chat without its looks: one bus, and what is made of it.

import { createBus } from 'busline';
import type { Bus } from 'busline';
import { Feed } from './feed.ts';
import { Observable } from './observable.ts';
import { createPerson } from './person.ts';
import type { Person } from './person.ts';
import type { Preference } from './preferences.ts';
import { channelOf, Rooms } from './rooms.ts';
import type { Room } from './rooms.ts';
import { StoredCount } from './stored-count.ts';
import { createTheme } from './theme.ts';
import type { Theme } from './theme.ts';

export interface Chat {
  readonly bus: Bus;
  readonly person: Person;
  readonly rooms: Rooms;
  readonly stored: StoredCount;
  readonly theme: Preference<Theme>;
  /** Why the page should be reloaded, once another build has taken over. */
  readonly outdated: Observable<string | undefined>;
  feed(room: Room): Feed;
}

export function createChat(): Chat {
  const theme = createTheme();
  const bus = createBus({
    name: 'busline-chat',
    worker: (name) => new SharedWorker(new URL('../worker.ts', import.meta.url), { type: 'module', name }),
  });
  const person = createPerson();
  const outdated = new Observable<string | undefined>(undefined);
  bus.on('reload', ({ why }) => outdated.set(why));
  bus.ready.then(
    ({ host }) => (host === 'page' ? bringAgent(bus) : undefined),
    () => undefined,
  );
  // A room once opened stays: what could not be sent is still there when its reader comes back.
  const feeds = new Map<string, Feed>();
  const feed = (room: Room): Feed => {
    const known = feeds.get(room.slug) ?? new Feed(bus, channelOf(room), person);
    feeds.set(room.slug, known);
    return known;
  };
  return { bus, person, rooms: new Rooms(bus), stored: new StoredCount(bus), theme, outdated, feed };
}

/** Where there is no worker, the page that is its own host has the agent too. */
async function bringAgent(bus: Bus): Promise<void> {
  const { docsAgent } = await import('../agent/docs-agent.ts');
  bus.use(docsAgent());
}
