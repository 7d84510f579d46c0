// How far everybody has read. Each person has a channel of their own for it, and its last message says where they are in
// every room. Stored, because a tick must not go back when its reader closes the tab, as presence would; and one message
// says it all, because then one message for each person is all that a tab has to read at its start.

import type { Message, MessageBus, Position, Positions } from 'busline';
import { Observable } from './observable.ts';
import type { Person } from './person.ts';
import { roomPattern } from './rooms.ts';

const prefix = 'reads:';
/** Milliseconds in which what is read is said once. */
const breath = 400;

export interface Reader {
  readonly id: string;
  readonly name: string;
  readonly at: Positions;
}

export interface ReadsView {
  /** Whether it is known how far this person has read. */
  readonly isKnown: boolean;
  readonly own: Positions;
  readonly others: readonly Reader[];
}

function isPosition(value: unknown): value is Position {
  const position = value as Partial<Record<keyof Position, unknown>> | null;
  return typeof position?.logId === 'string' && Number.isSafeInteger(position.offset) && Number(position.offset) >= 0;
}

function positionsIn({ content }: Message): Positions {
  const all = typeof content === 'object' && content !== null ? content : {};
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, Position] => isPosition(entry[1])));
}

/** Another log is always news; in the same one nobody goes back. */
function isAhead(a: Position, b: Position | undefined): boolean {
  return b === undefined || a.logId !== b.logId || a.offset > b.offset;
}

function furthest(a: Positions, b: Positions): Positions {
  const news = Object.entries(b).filter(([channelId, position]) => isAhead(position, a[channelId]));
  return news.length === 0 ? a : { ...a, ...Object.fromEntries(news) };
}

export class Reads extends Observable<ReadsView> {
  /** Settles when it is known how far this person has read. */
  readonly ready: Promise<void>;
  readonly #bus: MessageBus;
  readonly #person: Person;
  /** It said so, here or in another tab, at some time. */
  #hasRead = false;
  #saying: ReturnType<typeof setTimeout> | undefined;

  constructor(bus: MessageBus, person: Person) {
    super({ isKnown: false, own: {}, others: [] });
    this.#bus = bus;
    this.#person = person;
    const heard = bus.subscribe(`${prefix}*`, (message) => this.#heard(message), { from: { last: 1 } });
    this.ready = heard.ready
      .then(() => this.#arrive())
      .catch(() => undefined)
      .then(() => this.set({ ...this.getSnapshot(), isKnown: true }));
    addEventListener('pagehide', () => this.#say());
  }

  /** This person has seen everything up to there. */
  mark(channelId: string, position: Position): void {
    const { own } = this.getSnapshot();
    if (!isAhead(position, own[channelId])) return;
    this.#own({ ...own, [channelId]: position });
    this.#saying ??= setTimeout(() => this.#say(), breath);
  }

  /** To whoever is new, what was said before they came is not news. */
  async #arrive(): Promise<void> {
    if (this.#hasRead) return;
    const channels = await this.#bus.admin.channels(roomPattern);
    const heads = channels.map(({ channelId, logId, head }) => [channelId, { logId, offset: head }] as const);
    this.#own(furthest(Object.fromEntries(heads), this.getSnapshot().own));
  }

  #own(own: Positions): void {
    this.set({ ...this.getSnapshot(), own });
  }

  #say(): void {
    if (this.#saying === undefined) return;
    clearTimeout(this.#saying);
    this.#saying = undefined;
    const { id, name } = this.#person;
    this.#bus
      .send({
        channelId: prefix + id,
        type: 'read',
        authorName: name.getSnapshot(),
        content: this.getSnapshot().own,
      })
      // It is said again when more is read.
      .catch(() => undefined);
  }

  #heard(message: Message): void {
    const id = message.channelId.slice(prefix.length);
    const at = positionsIn(message);
    const view = this.getSnapshot();
    if (id === this.#person.id) {
      this.#hasRead = true;
      return this.#own(furthest(view.own, at));
    }
    const reader: Reader = { id, name: message.authorName ?? id, at };
    this.set({ ...view, others: [...view.others.filter((other) => other.id !== id), reader] });
  }
}
