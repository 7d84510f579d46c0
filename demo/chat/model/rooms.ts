// Which rooms there are. A room is a channel; that it was made is itself a message, so every tab learns of it and it stays.

import type { Message, MessageBus } from 'busline';
import { Observable } from './observable.ts';

const listChannel = 'rooms';
const prefix = 'room:';
const longestName = 32;

export const roomPattern = `${prefix}*`;

export interface Room {
  readonly slug: string;
  readonly title: string;
  readonly about: string;
}

export interface RoomsView {
  readonly rooms: readonly Room[];
  readonly current: Room;
  /** Messages that arrived in rooms not looked at since. */
  readonly unread: ReadonlyMap<string, number>;
}

const lobby: Room = { slug: 'lobby', title: 'Lobby', about: 'Everyone, everything' };
const firstRooms: readonly Room[] = [
  lobby,
  { slug: 'ideas', title: 'Ideas', about: 'Half-baked is welcome' },
  { slug: 'help-desk', title: 'Help desk', about: 'Ask Docs how things work' },
];

export function channelOf({ slug }: Room): string {
  return prefix + slug;
}

function slugOf(text: string): string {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.join('-').slice(0, longestName);
}

function titleOf(slug: string): string {
  const words = slug.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function roomOf(slug: string, title = titleOf(slug)): Room {
  return { slug, title, about: '' };
}

/** The address names the room: a reload, a bookmark and the back button lead to it. */
function slugInAddress(): string {
  try {
    return slugOf(decodeURIComponent(location.hash.slice(1))) || lobby.slug;
  } catch {
    return lobby.slug;
  }
}

export class Rooms extends Observable<RoomsView> {
  readonly #bus: MessageBus;

  constructor(bus: MessageBus) {
    super({ rooms: firstRooms, current: lobby, unread: new Map() });
    this.#bus = bus;
    this.#arrive();
    addEventListener('hashchange', () => this.#arrive());
    bus.subscribe(listChannel, (message) => this.#made(message), { from: 'earliest' });
    bus.subscribe(roomPattern, (message) => this.#heard(message.channelId.slice(prefix.length)));
    // Others may have written into rooms that nobody made.
    bus.admin.channels(roomPattern).then(
      (channels) => this.#add(channels.map(({ channelId }) => roomOf(channelId.slice(prefix.length)))),
      () => undefined,
    );
  }

  /** Makes a room, or finds the one of that name, and goes there. False if that is no name. */
  make(name: string): boolean {
    const slug = slugOf(name);
    if (slug === '') return false;
    const room = roomOf(slug, name.trim().slice(0, longestName));
    if (!this.getSnapshot().rooms.some((known) => known.slug === slug)) {
      this.#add([room]);
      this.#bus
        .send({ channelId: listChannel, id: `made:${slug}`, type: 'room', content: { slug, title: room.title } })
        .catch(() => undefined);
    }
    location.hash = slug;
    return true;
  }

  #made({ content }: Message): void {
    const { slug, title } = (content ?? {}) as { readonly slug?: unknown; readonly title?: unknown };
    if (typeof slug !== 'string' || typeof title !== 'string' || slug !== slugOf(slug)) return;
    this.#add([roomOf(slug, title.slice(0, longestName))]);
  }

  #heard(slug: string): void {
    const { current, unread } = this.getSnapshot();
    this.#add([roomOf(slug)]);
    if (slug === current.slug) return;
    this.set({ ...this.getSnapshot(), unread: new Map(unread).set(slug, (unread.get(slug) ?? 0) + 1) });
  }

  /** The names that were given win over those made from an address. */
  #add(found: readonly Room[]): void {
    const view = this.getSnapshot();
    const rooms = new Map(view.rooms.map((room) => [room.slug, room]));
    for (const room of found) {
      const known = rooms.get(room.slug);
      if (
        known === undefined ||
        (known.title === titleOf(known.slug) && known.about === '' && known.title !== room.title)
      )
        rooms.set(room.slug, room);
    }
    const current = rooms.get(view.current.slug) ?? view.current;
    const unchanged = rooms.size === view.rooms.length && view.rooms.every((room) => rooms.get(room.slug) === room);
    if (!unchanged) this.set({ ...view, rooms: [...rooms.values()], current });
  }

  #arrive(): void {
    const slug = slugInAddress();
    this.#add([roomOf(slug)]);
    const view = this.getSnapshot();
    const unread = new Map(view.unread);
    unread.delete(slug);
    this.set({ ...view, current: view.rooms.find((room) => room.slug === slug) ?? lobby, unread });
  }
}
