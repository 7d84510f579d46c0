// Who is there, by channel: what each client has said of its users, for as long as that client lives. It is never stored: a
// tab that dies takes it with it.

import type { Json } from './message.ts';
import type { Member } from './message-bus.ts';
import { Watched } from './store.ts';
import type { Store } from './store.ts';

/** What a client says of one of its users in a channel; null: not there any more. */
export type Presence = { readonly name?: string; readonly state?: { readonly [key: string]: Json } } | null;

interface Said {
  readonly clientId: string;
  readonly userId: string;
  readonly presence: NonNullable<Presence>;
}

const nobody: readonly Member[] = [];

/** Of what several tabs of a user say, the last is what holds. */
function membersOf(said: Iterable<Said>): readonly Member[] {
  const members = new Map<string, Member>();
  for (const { userId, presence } of said) {
    const { tabs = 0, ...before } = members.get(userId) ?? {};
    members.delete(userId);
    members.set(userId, { ...before, ...presence, userId, tabs: tabs + 1 });
  }
  return [...members.values()].toSorted((a, b) => (a.userId < b.userId ? -1 : 1));
}

class Room {
  /** Somebody has it, and may watch it at any time. */
  isAskedFor = false;
  readonly members: Watched<readonly Member[]> = new Watched(nobody);
  /** In the order in which it was said. */
  readonly #said = new Map<string, Said>();

  say(clientId: string, userId: string, presence: Presence): void {
    const key = `${clientId} ${userId}`;
    this.#said.delete(key);
    if (presence !== null) this.#said.set(key, { clientId, userId, presence });
    this.members.set(membersOf(this.#said.values()));
  }

  gone(clientId: string): void {
    const before = this.#said.size;
    for (const [key, said] of this.#said) if (said.clientId === clientId) this.#said.delete(key);
    if (this.#said.size !== before) this.members.set(membersOf(this.#said.values()));
  }

  get isEmpty(): boolean {
    return this.#said.size === 0 && !this.isAskedFor;
  }
}

export class PresenceTable {
  readonly #rooms = new Map<string, Room>();

  members(channelId: string): Store<readonly Member[]> {
    const room = this.#room(channelId);
    room.isAskedFor = true;
    return room.members;
  }

  say(clientId: string, channelId: string, userId: string, presence: Presence): void {
    const room = this.#room(channelId);
    room.say(clientId, userId, presence);
    if (room.isEmpty) this.#rooms.delete(channelId);
  }

  gone(clientId: string): void {
    for (const [channelId, room] of this.#rooms) {
      room.gone(clientId);
      if (room.isEmpty) this.#rooms.delete(channelId);
    }
  }

  #room(channelId: string): Room {
    let room = this.#rooms.get(channelId);
    if (room === undefined) this.#rooms.set(channelId, (room = new Room()));
    return room;
  }
}
