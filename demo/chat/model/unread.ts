// What others said in each room since this person read there last: read from the log once, then counted as it comes.

import type { Delivery, Message, MessageBus, Position, Subscription } from 'busline';
import { Observable } from './observable.ts';
import { roomPattern, slugOfChannel } from './rooms.ts';
import type { Reads } from './reads.ts';

interface UnreadOptions {
  readonly bus: MessageBus;
  readonly reads: Reads;
  readonly me: string;
  readonly onHeard: (slug: string) => void;
}

function isRead(position: Position, upTo: Position | undefined): boolean {
  return upTo?.logId === position.logId && position.offset <= upTo.offset;
}

/** By room, how many. */
export class Unread extends Observable<ReadonlyMap<string, number>> {
  readonly #options: UnreadOptions;
  /** By channel, the places of what is unread, by id. */
  readonly #news = new Map<string, Map<string, Position>>();
  #subscription: Subscription | undefined;

  constructor(options: UnreadOptions) {
    super(new Map());
    this.#options = options;
    const { bus, reads } = options;
    void reads.ready.then(() => this.#listen());
    reads.subscribe(() => this.#look());
    bus.on('message_deleted', ({ messageId, channelId }) => {
      if (this.#news.get(channelId)?.delete(messageId) === true) this.#count();
    });
  }

  /** The log that a room is in, for whoever says how far they have read it. */
  logOf(channelId: string): Position | undefined {
    return this.#subscription?.positions()[channelId];
  }

  #listen(): void {
    const { bus, reads } = this.#options;
    this.#subscription = bus.subscribe(roomPattern, (message, { position }) => this.#heard(message, position), {
      from: reads.getSnapshot().own,
      onReset: ({ channelId, reason }) => {
        if (reason !== 'trimmed' && this.#news.delete(channelId)) this.#count();
      },
    });
    // Whoever asked for the log of a room before it was known asks again.
    this.#subscription.ready.then(
      () => this.set(new Map(this.getSnapshot())),
      () => undefined,
    );
  }

  #heard({ id, channelId, authorId }: Message, position: Delivery['position']): void {
    const { reads, me, onHeard } = this.#options;
    onHeard(slugOfChannel(channelId));
    if (authorId === me || isRead(position, reads.getSnapshot().own[channelId])) return;
    const news = this.#news.get(channelId) ?? new Map<string, Position>();
    this.#news.set(channelId, news.set(id, position));
    this.#count();
  }

  /** More was read, here or in another tab of this person. */
  #look(): void {
    const { own } = this.#options.reads.getSnapshot();
    for (const [channelId, news] of this.#news) {
      for (const [id, position] of news) if (isRead(position, own[channelId])) news.delete(id);
    }
    this.#count();
  }

  #count(): void {
    const counts = [...this.#news].map(([channelId, { size }]) => [slugOfChannel(channelId), size] as const);
    const unread = new Map(counts.filter(([, size]) => size > 0));
    const before = this.getSnapshot();
    const unchanged = before.size === unread.size && [...unread].every(([slug, size]) => before.get(slug) === size);
    if (!unchanged) this.set(unread);
  }
}
