// What was written and is not stored when the page goes: it is kept for the page that comes after it in this tab, which sends
// it again. Each message has an id of its own, so that one which was stored after all is not stored twice.

import type { Entry, MessageBus, MessageInput } from 'busline';
import { personal } from './preferences.ts';
import { roomPattern } from './rooms.ts';

const key = `busline-chat:${personal('unsent')}`;
const start = roomPattern.slice(0, -1);

type Unsent = Pick<Entry, 'id' | 'channelId' | 'authorName' | 'content'>;

function kept(): readonly Unsent[] {
  try {
    const text = sessionStorage.getItem(key);
    sessionStorage.removeItem(key);
    return text === null ? [] : (JSON.parse(text) as readonly Unsent[]);
  } catch {
    return [];
  }
}

function keep(messages: readonly Unsent[]): void {
  try {
    if (messages.length > 0) sessionStorage.setItem(key, JSON.stringify(messages));
  } catch {
    // No room for it: what was not stored goes with the page, as it would without this.
  }
}

/** Sends what the page before could not, in its order, and sees to it that the next page can do the same. */
export function carryUnsent(bus: MessageBus, me: string): void {
  for (const message of kept()) {
    // A list shows how it goes.
    bus.send(message as MessageInput).catch(() => undefined);
  }
  const outbox = bus.admin.outbox();
  // Watched, it is always up to date: there is no time to ask when the page goes.
  outbox.subscribe(() => undefined);
  addEventListener('pagehide', () =>
    keep(
      outbox
        .getSnapshot()
        .filter(({ authorId, channelId }) => authorId === me && channelId.startsWith(start))
        .map(({ id, channelId, authorName, content }) => ({
          id,
          channelId,
          content,
          ...(authorName !== undefined && { authorName }),
        })),
    ),
  );
}
