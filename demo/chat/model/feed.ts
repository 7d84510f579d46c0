// One room as a tab sees it: what is stored, in the order of the log, and below it what this tab wrote that is not stored yet.

import { isBusError } from 'busline';
import type { Message, MessageBus, Subscription } from 'busline';
import { contentOf } from './content.ts';
import type { Content } from './content.ts';
import { Observable } from './observable.ts';
import type { Person } from './person.ts';

const pageSize = 200;

export interface Entry extends Content {
  readonly id: string;
  readonly authorId: string;
  readonly authorName: string;
  readonly timestamp: number;
  readonly state: 'queued' | 'stored' | 'failed';
  /** Why it failed, in words for a person. */
  readonly reason?: string;
}

export interface FeedView {
  readonly phase: 'loading' | 'ready' | 'failed';
  readonly reason?: string;
  readonly entries: readonly Entry[];
  readonly hasEarlier: boolean;
}

interface Stored extends Entry {
  readonly offset: number;
}

function entryOf(message: Message): Stored {
  const { id, authorId, authorName = authorId, timestamp, offset } = message;
  return { id, authorId, authorName, timestamp, offset, state: 'stored', ...contentOf(message) };
}

function reasonOf(error: unknown): string {
  if (isBusError(error)) return error.advice;
  return error instanceof Error ? error.message : String(error);
}

export class Feed extends Observable<FeedView> {
  readonly #bus: MessageBus;
  readonly #channelId: string;
  readonly #person: Person;
  readonly #subscription: Subscription;
  readonly #unsent = new Map<string, Entry>();
  #stored: Stored[] = [];
  #logId = '';
  #limit = pageSize;
  #state: Pick<FeedView, 'phase' | 'reason'> = { phase: 'loading' };

  constructor(bus: MessageBus, channelId: string, person: Person) {
    super({ phase: 'loading', entries: [], hasEarlier: false });
    this.#bus = bus;
    this.#channelId = channelId;
    this.#person = person;
    this.#subscription = bus.subscribe(
      channelId,
      (message, { position }) => {
        this.#logId = position.logId;
        this.#take(entryOf(message));
      },
      { from: { last: pageSize }, onReset: ({ reason }) => this.#reset(reason) },
    );
    this.#subscription.ready.then(
      () => this.#now({ phase: 'ready' }),
      (error: unknown) => this.#now({ phase: 'failed', reason: reasonOf(error) }),
    );
  }

  send(text: string): void {
    const { id: authorId, name } = this.#person;
    // An id of our own: however often it is tried, it is stored once.
    const id = crypto.randomUUID();
    this.#try({
      id,
      authorId,
      authorName: name.getSnapshot(),
      timestamp: Date.now(),
      state: 'queued',
      text,
      passages: [],
    });
  }

  retry(id: string): void {
    const entry = this.#unsent.get(id);
    if (entry?.state === 'failed') this.#try(entry);
  }

  discard(id: string): void {
    if (this.#unsent.delete(id)) this.#show();
  }

  async loadEarlier(): Promise<void> {
    const [first] = this.#stored;
    if (first === undefined) return;
    const before = { logId: this.#logId, offset: first.offset };
    const earlier = await this.#bus.history(this.#channelId, { before, limit: pageSize });
    this.#limit += earlier.length;
    this.#stored = [...earlier.map(entryOf), ...this.#stored];
    this.#show();
  }

  #try({ reason: _reason, ...entry }: Entry): void {
    const { id, authorId, authorName, timestamp, text } = entry;
    this.#unsent.set(id, { ...entry, state: 'queued' });
    this.#show();
    this.#bus
      .send({ channelId: this.#channelId, id, authorId, authorName, timestamp, content: { text } })
      // It has arrived by then, unless the subscription ended.
      .then(
        (message) => this.#unsent.has(id) && this.#take(entryOf(message)),
        (error: unknown) => {
          this.#unsent.set(id, { ...entry, state: 'failed', reason: reasonOf(error) });
          this.#show();
        },
      );
  }

  #take(entry: Stored): void {
    this.#unsent.delete(entry.id);
    this.#stored.push(entry);
    if (this.#stored.length > this.#limit) this.#stored = this.#stored.slice(-this.#limit);
    this.#show();
  }

  #reset(reason: string): void {
    if (reason === 'trimmed') return;
    this.#stored = [];
    this.#show();
  }

  #now(state: Pick<FeedView, 'phase' | 'reason'>): void {
    this.#state = state;
    this.#show();
  }

  #show(): void {
    const hasEarlier = (this.#stored[0]?.offset ?? 1) > 1;
    this.set({ ...this.#state, entries: [...this.#stored, ...this.#unsent.values()], hasEarlier });
  }
}
