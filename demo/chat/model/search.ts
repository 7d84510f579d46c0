// Looks for words in everything that was said. The index is made when a search begins, from the log, and lives as long as it.

import MiniSearch from 'minisearch';
import type { Message, MessageBus } from 'busline';
import { contentOf } from './content.ts';
import { channelOf } from './rooms.ts';
import type { Room } from './rooms.ts';

/** How far back a search goes in each room. */
const depth = 5000;
const mostHits = 50;

export interface Hit {
  readonly room: Room;
  readonly message: Message;
  readonly text: string;
  /** The words of the text that were found. */
  readonly words: readonly string[];
}

export type Search = (query: string) => readonly Hit[];

export async function openSearch(bus: MessageBus, rooms: readonly Room[]): Promise<Search> {
  const byRoom = await Promise.all(
    rooms.map(async (room) => {
      const messages = await bus.history(channelOf(room), { limit: depth });
      return messages.map((message) => ({ room, message, text: contentOf(message).text }));
    }),
  );
  const all = byRoom.flat();
  const index = new MiniSearch<{ id: number; text: string; author: string }>({ fields: ['text', 'author'] });
  index.addAll(all.map(({ text, message }, id) => ({ id, text, author: message.authorName ?? '' })));
  return (query) =>
    index
      .search(query, { prefix: true, combineWith: 'AND', fuzzy: (word) => (word.length > 5 ? 0.2 : false) })
      .slice(0, mostHits)
      .flatMap(({ id, terms }) => {
        const found = all[Number(id)];
        return found === undefined ? [] : [{ ...found, words: terms }];
      })
      .toSorted((a, b) => b.message.timestamp - a.message.timestamp);
}
