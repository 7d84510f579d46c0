// Behind `live`: a channel as a list that keeps itself up to date.

import { busError, describe } from './errors.ts';
import type { BusError } from './errors.ts';
import type { Inside } from './inside.ts';
import type { Message } from './message.ts';
import type { Entry, Filter, LiveOptions, LiveView } from './message-bus.ts';
import { readOlder } from './older.ts';
import { OpenStreams } from './open-streams.ts';
import { isSame, oncePerTurn, OwnEntries } from './outbox-view.ts';
import { isInner } from './message.ts';
import { Rows } from './rows.ts';
import { Watched } from './store.ts';
import { endedBy } from './stream-messages.ts';
import { passes } from './subscription.ts';
import type { ControlNotice } from './control.ts';
import type { Receiver } from './subscription.ts';

const defaultLast = 100;
const defaultOlder = 50;
/** How many messages are read at once at least: most of them may be others than those that are looked for. */
const fewest = 256;

export class LiveList {
  readonly subscribe: LiveView['subscribe'];
  readonly getSnapshot: LiveView['getSnapshot'];
  readonly #entries = new Watched<readonly Entry[]>([]);
  readonly #inside: Inside;
  readonly #channelId: string;
  readonly #filter: Filter;
  readonly #rows: Rows;
  readonly #own: OwnEntries;
  readonly #streams: OpenStreams;
  readonly #receiver: Receiver;
  readonly #unwatch: () => void;
  readonly #schedule: () => void;
  #shown: { readonly rows: readonly Entry[]; readonly own: readonly Entry[] };
  /** What lies after it was read; `undefined` until that is known. */
  #floor: number | undefined;
  #loading: Promise<unknown> = Promise.resolve();

  constructor(inside: Inside, channelId: string, { last = defaultLast, filter = {}, signal }: LiveOptions = {}) {
    this.subscribe = this.#entries.subscribe;
    this.getSnapshot = this.#entries.getSnapshot;
    this.#inside = inside;
    this.#channelId = channelId;
    this.#filter = filter;
    this.#rows = new Rows(filter);
    this.#shown = { rows: this.#rows.entries, own: [] };
    this.#own = new OwnEntries(inside.outbox, channelId);
    this.#schedule = oncePerTurn(inside, () => this.#show());
    this.#streams = new OpenStreams(inside, {
      opened: (stream) => this.#changed(() => this.#rows.follow(stream)),
      changed: (stream) => this.#changed(() => this.#rows.changed(stream)),
    });
    this.#unwatch = inside.outbox.watch((stored) => this.#changed(() => this.#stored(stored)));
    this.#receiver = inside.receive(
      channelId,
      {
        from: { last },
        ephemeral: true,
        onReset: ({ now }) => this.#changed(() => this.#clear(now.offset)),
        ...(signal !== undefined && { signal }),
      },
      {
        inner: true,
        started: (positions) => (this.#floor = positions[channelId]?.offset),
        take: (messages) => this.#changed(() => this.#take(messages)),
        control: (notice) => this.#changed(() => this.#control(notice)),
        closed: (error) => this.#closed(error),
      },
    );
    this.#receiver.ready.then(() => this.#ready(last), describe);
    this.#schedule();
  }

  loadOlder(count: number = defaultOlder): Promise<boolean> {
    const loading = this.#loading.then(() => this.#older(count));
    this.#loading = loading.catch(() => undefined);
    return loading;
  }

  close(): void {
    this.#receiver.close(busError('CLOSED', 'The view was closed.'));
  }

  #closed(error: BusError): void {
    this.#unwatch();
    this.#streams.close(error);
  }

  /** Always true: what was taken is done with. */
  #changed(change: () => void): true {
    change();
    this.#schedule();
    return true;
  }

  #ready(last: number): void {
    this.#streams.askAll(this.#channelId);
    // What is no row of its own was counted, too.
    const missing = last - this.#rows.size;
    if (missing > 0) this.loadOlder(missing).catch(describe);
  }

  #take(messages: readonly Message[]): void {
    for (const message of messages) {
      if (message.offset > 0) this.#rows.put(message);
      this.#streams.take(message);
    }
  }

  /** One's own: it may be known before it comes through the log. What lies before the list does not belong into it. */
  #stored(messages: readonly Message[]): void {
    for (const message of messages) {
      const isHere = message.channelId === this.#channelId && message.offset > (this.#floor ?? Infinity);
      if (isHere && !isInner(message.type)) this.#rows.put(message);
    }
  }

  #control({ action, id }: ControlNotice): void {
    if (action === 'delete' && id !== undefined) this.#rows.delete(id);
  }

  /** History up to here is gone. What is under way comes again. */
  #clear(floor: number): void {
    this.#floor = floor;
    this.#rows.clear();
    this.#streams.reset(this.#channelId);
  }

  async #older(count: number): Promise<boolean> {
    await this.#receiver.ready;
    let added = 0;
    while (added < count) {
      const floor = this.#floor ?? 0;
      if (floor === 0 || this.#receiver.closed) break;
      const older = await readOlder(this.#inside, this.#channelId, floor, Math.max(count - added, fewest));
      // It was cleared meanwhile.
      if (floor !== this.#floor || older.logId !== this.#receiver.positions()[this.#channelId]?.logId) break;
      this.#floor = older.after;
      added += this.#prepend(older.messages, count - added);
    }
    return added > 0;
  }

  /** Newest first, so that it can stop where there are enough. Returns how many rows there are more. */
  #prepend(messages: readonly Message[], wanted: number): number {
    const { size } = this.#rows;
    for (const message of messages.toReversed()) {
      this.#rows.put(message);
      if (this.#rows.size - size < wanted) continue;
      this.#floor = message.offset - 1;
      break;
    }
    this.#schedule();
    return this.#rows.size - size;
  }

  #show(): void {
    const rows = this.#rows.entries;
    const own = this.#own.read().filter((entry) => !this.#isRow(entry.id) && passes(this.#filter, entry));
    if (rows === this.#shown.rows && isSame(own, this.#shown.own)) return;
    this.#shown = { rows, own };
    this.#entries.set(own.length === 0 ? rows : [...rows, ...own]);
  }

  #isRow(id: string): boolean {
    const streamId = endedBy(id);
    return this.#rows.has(id) || (streamId !== undefined && this.#rows.has(streamId));
  }
}
