// The chat without its looks: one bus, and what is made of it.

import { createBus, deleteBus, isBusError } from 'busline';
import type { Bus, Message } from 'busline';
import { Agents } from '../agent/agents.ts';
import { drafts } from './drafts.ts';
import { createHostChoice, dismissServiceWorker, hostsFor } from './hosts.ts';
import type { HostChoice } from './hosts.ts';
import { Notices, reasonOf } from './notices.ts';
import { Observable } from './observable.ts';
import type { Watchable } from './observable.ts';
import { createOfflineShell } from './offline-shell.ts';
import type { OfflineShell } from './offline-shell.ts';
import { createOnline } from './online.ts';
import { OpenStreams } from './open-streams.ts';
import { createPerson } from './person.ts';
import type { Person } from './person.ts';
import type { Preference } from './preferences.ts';
import { Reads } from './reads.ts';
import { channelOf, Rooms } from './rooms.ts';
import type { Room } from './rooms.ts';
import { Route } from './route.ts';
import { StoredCount } from './stored-count.ts';
import { createTheme } from './theme.ts';
import type { Theme } from './theme.ts';
import { Unread } from './unread.ts';
import { carryUnsent } from './unsent.ts';

const busName = 'busline-chat';
/** With these a message was refused at once, and is in no list. */
const refusals: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'INVALID_INPUT', 'CLOSED']);

export interface Chat {
  readonly bus: Bus;
  /** The host that is asked for. Setting it reloads every tab. */
  readonly hostChoice: Preference<HostChoice>;
  /** What this tab is called among the tabs. */
  readonly tab: number;
  readonly online: Watchable<boolean>;
  readonly offlineShell: Watchable<OfflineShell>;
  readonly person: Person;
  readonly route: Route;
  readonly rooms: Rooms;
  readonly reads: Reads;
  readonly unread: Unread;
  readonly streams: OpenStreams;
  readonly agents: Agents;
  readonly stored: StoredCount;
  readonly theme: Preference<Theme>;
  readonly notices: Notices;
  /** What the bus last said went wrong. */
  readonly trouble: Observable<string | undefined>;
  /** Why the page should be reloaded, once another build has taken over. */
  readonly outdated: Observable<string | undefined>;
  /** The message that somebody wants to see, in the room that is open. */
  readonly wanted: Observable<Message | undefined>;
  /** `onRefused`: it is no message that could ever be stored. What fails later is shown by the list. */
  send(room: Room, text: string, onRefused?: (error: unknown) => void): void;
  /** Forgets all that was ever said, and what was begun. */
  clearAll(): Promise<void>;
}

export function createChat(tab: number): Chat {
  const theme = createTheme();
  const person = createPerson();
  const hostChoice = createHostChoice();
  const bus = createBus({
    name: busName,
    author: { id: person.id, name: person.name.getSnapshot() },
    hosts: hostsFor(hostChoice.getSnapshot()),
  });
  hostChoice.subscribe(() => location.reload());
  dismissServiceWorker(busName, hostChoice.getSnapshot()).catch(() => undefined);
  const rooms = new Rooms(bus);
  const reads = new Reads(bus, person);
  const streams = new OpenStreams(bus);
  const outdated = new Observable<string | undefined>(undefined);
  const trouble = new Observable<string | undefined>(undefined);
  bus.on('reload', ({ why }) => outdated.set(why));
  bus.on('error', (error) => trouble.set(reasonOf(error)));
  carryUnsent(bus, person.id);
  return {
    bus,
    hostChoice,
    tab,
    online: createOnline(),
    offlineShell: createOfflineShell(),
    person,
    route: new Route(),
    rooms,
    reads,
    unread: new Unread({ bus, reads, me: person.id, onHeard: (slug) => rooms.heard(slug) }),
    streams,
    agents: new Agents(bus, tab),
    stored: new StoredCount(bus, streams),
    theme,
    notices: new Notices(),
    trouble,
    outdated,
    wanted: new Observable<Message | undefined>(undefined),
    send(room, text, onRefused) {
      const authorName = person.name.getSnapshot();
      // With an id of its own it can be sent again by the page after this one.
      const input = { id: crypto.randomUUID(), channelId: channelOf(room), authorName, content: { text } };
      bus.send(input).catch((error: unknown) => {
        if (isBusError(error) && refusals.has(error.code)) onRefused?.(error);
      });
    },
    async clearAll() {
      await deleteBus(busName);
      drafts.clear();
    },
  };
}
