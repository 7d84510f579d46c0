// Which rooms there are. A room is a channel; that it was made is itself a message, so every tab learns of it and it stays.

import type { Message, MessageBus } from 'busline';
import { Observable } from './observable.ts';
import { slugOf } from './route.ts';

const listChannel = 'rooms';
const prefix = 'room:';
const longestTitle = 32;

export const roomPattern = `${prefix}*`;

export interface Room {
  readonly slug: string;
  readonly title: string;
  readonly about: string;
}

const firstRooms: readonly Room[] = [
  { slug: 'lobby', title: 'Lobby', about: 'Everyone, everything' },
  { slug: 'ideas', title: 'Ideas', about: 'Half-baked is welcome' },
  { slug: 'help-desk', title: 'Help desk', about: 'Ask Docs how things work' },
];

export function channelOf({ slug }: Pick<Room, 'slug'>): string {
  return prefix + slug;
}

export function slugOfChannel(channelId: string): string {
  return channelId.slice(prefix.length);
}

function titleOf(slug: string): string {
  const words = slug.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function roomOf(slug: string, title = titleOf(slug)): Room {
  return { slug, title, about: '' };
}

/** Whether its name was only made from its address. */
function isNameless({ slug, title, about }: Room): boolean {
  return title === titleOf(slug) && about === '';
}

export class Rooms extends Observable<readonly Room[]> {
  readonly #bus: MessageBus;

  constructor(bus: MessageBus) {
    super(firstRooms);
    this.#bus = bus;
    bus.subscribe(listChannel, (message) => this.#made(message), { from: 'earliest' });
    // Others may have written into rooms that nobody made.
    bus.admin.channels(roomPattern).then(
      (channels) => this.#add(channels.map(({ channelId }) => roomOf(slugOfChannel(channelId)))),
      () => undefined,
    );
  }

  /** The room of this name, which an address may lead to before anybody made it. */
  at(slug: string): Room {
    return this.getSnapshot().find((room) => room.slug === slug) ?? roomOf(slug);
  }

  /** Makes a room, or finds the one of that name. Nothing if that is no name. */
  make(name: string): Room | undefined {
    const slug = slugOf(name);
    if (slug === '') return undefined;
    if (!this.getSnapshot().some((known) => known.slug === slug)) {
      const room = roomOf(slug, name.trim().slice(0, longestTitle));
      this.#add([room]);
      this.#bus
        .send({ channelId: listChannel, id: `made:${slug}`, type: 'room', content: { slug, title: room.title } })
        .catch(() => undefined);
    }
    return this.at(slug);
  }

  /** Something was said there. */
  heard(slug: string): void {
    this.#add([roomOf(slug)]);
  }

  #made({ content }: Message): void {
    const { slug, title } = (content ?? {}) as { readonly slug?: unknown; readonly title?: unknown };
    if (typeof slug !== 'string' || typeof title !== 'string' || slug !== slugOf(slug)) return;
    this.#add([roomOf(slug, title.slice(0, longestTitle))]);
  }

  /** The names that were given win over those made from an address. */
  #add(found: readonly Room[]): void {
    const before = this.getSnapshot();
    const rooms = new Map(before.map((room) => [room.slug, room]));
    for (const room of found) {
      const known = rooms.get(room.slug);
      if (known === undefined || (isNameless(known) && known.title !== room.title)) rooms.set(room.slug, room);
    }
    const unchanged = rooms.size === before.length && before.every((room) => rooms.get(room.slug) === room);
    if (!unchanged) this.set([...rooms.values()]);
  }
}
