// The rows of a live view, in the order of the log. A stream is one row, at the place of its beginning, under its own id;
// its end is no row of its own, unless its beginning is not there (yet).

import type { Message } from './message.ts';
import type { Entry, Filter } from './message-bus.ts';
import type { ReadStream } from './read-stream.ts';
import { abortOf, abortType, beginOf, beginType, endedBy, endId } from './stream-messages.ts';
import type { Begin } from './stream-messages.ts';
import { isInner } from './message.ts';
import { passes } from './subscription.ts';

interface Row {
  /** Its offset; that of its beginning if it is a stream. */
  place: number;
  /** Where it stands in the list, as long as that is sorted. */
  at: number;
  entry: Entry;
  readonly isStream: boolean;
  stream?: ReadStream;
}

/** Where a stream is of which nothing is stored yet, as far as is known here. */
const unknownPlace = Number.MAX_SAFE_INTEGER;

export class Rows {
  readonly #filter: Filter;
  readonly #rows = new Map<string, Row>();
  /** Aborted ends of streams whose beginning is not there. */
  readonly #aborts = new Map<string, Message>();
  /** The rows in order, and what they show: a message more or a stream that grew must not cost a look at all of them. */
  #sorted: Row[] = [];
  #list: Entry[] = [];
  #isSorted = true;
  #shown: readonly Entry[] | undefined;

  constructor(filter: Filter = {}) {
    this.#filter = filter;
  }

  get size(): number {
    return this.#rows.size;
  }

  has(id: string): boolean {
    return this.#rows.has(id);
  }

  /** The same array as long as nothing changed. */
  get entries(): readonly Entry[] {
    if (!this.#isSorted) this.#sort();
    this.#shown ??= [...this.#list];
    return this.#shown;
  }

  clear(): void {
    this.#isSorted &&= this.#rows.size === 0;
    this.#rows.clear();
    this.#aborts.clear();
  }

  delete(id: string): void {
    this.#isSorted = !this.#rows.delete(id) && this.#isSorted;
    const streamId = endedBy(id);
    if (streamId !== undefined && this.#rows.get(streamId)?.isStream === true) this.delete(streamId);
  }

  /** Takes a stored message. */
  put(message: Message): void {
    if (message.type === beginType) return this.#begin(message);
    if (message.type === abortType) return this.#abort(message);
    if (isInner(message.type)) return;
    const streamId = endedBy(message.id);
    const stream = streamId === undefined ? undefined : this.#rows.get(streamId);
    if (stream?.isStream === true) this.#end(stream, message);
    else if (!this.#rows.has(message.id) && passes(this.#filter, message))
      this.#add(message.id, { place: message.offset, at: 0, entry: { ...message, state: 'stored' }, isStream: false });
  }

  /** The text of this row is that of the stream from now on. */
  follow(stream: ReadStream): void {
    const { begin } = stream;
    this.#addStream(begin, begin.offset === 0 ? unknownPlace : begin.offset);
    const row = this.#rows.get(begin.id);
    if (row?.isStream !== true || row.entry.state === 'stored') return;
    row.stream = stream;
    this.#set(row, { ...row.entry, state: 'streaming', content: stream.text });
  }

  /** The stream's text grew, or it ended. */
  changed(stream: ReadStream): void {
    const row = this.#rows.get(stream.id);
    if (row?.stream !== stream) return;
    const { outcome } = stream;
    if (outcome === undefined) this.#set(row, { ...row.entry, content: stream.text });
    else if ('message' in outcome) this.#end(row, outcome.message);
    else this.#set(row, { ...row.entry, state: 'aborted', content: stream.text });
  }

  #begin(message: Message): void {
    const { id, offset } = message;
    const end = this.#rows.get(endId(id));
    const abort = this.#aborts.get(id);
    this.#aborts.delete(id);
    this.#addStream(beginOf(message), offset);
    const row = this.#rows.get(id);
    if (row?.isStream !== true) return;
    if (row.place !== offset) this.#isSorted = false;
    row.place = offset;
    if (end !== undefined) {
      this.#rows.delete(endId(id));
      this.#end(row, end.entry);
    } else if (abort !== undefined) this.#abort(abort);
  }

  #addStream(begin: Begin, place: number): void {
    const message = { ...begin, content: '' };
    if (this.#rows.has(begin.id) || !passes(this.#filter, message)) return;
    this.#add(begin.id, { place, at: 0, entry: { ...message, state: 'streaming' }, isStream: true });
  }

  #end(row: Row, message: Message): void {
    this.#set(row, { ...message, id: row.entry.id, state: 'stored' });
  }

  #abort(message: Message): void {
    const { streamId, run } = abortOf(message);
    const row = this.#rows.get(streamId);
    if (row === undefined) this.#aborts.set(streamId, message);
    // One that another writer began anew goes on; one whose text is read here knows best what there is of it.
    else if (row.entry.state === 'streaming' && (row.stream?.run ?? run) <= run)
      this.#set(row, { ...row.entry, state: 'aborted', content: message.content });
  }

  #add(id: string, row: Row): void {
    this.#rows.set(id, row);
    const last = this.#sorted.at(-1);
    this.#isSorted &&= last === undefined || last.place < row.place;
    if (this.#isSorted) this.#append(row);
  }

  #append(row: Row): void {
    row.at = this.#sorted.push(row) - 1;
    this.#list.push(row.entry);
    this.#shown = undefined;
  }

  #sort(): void {
    this.#sorted = [];
    this.#list = [];
    for (const row of [...this.#rows.values()].toSorted((a, b) => a.place - b.place)) this.#append(row);
    this.#shown = undefined;
    this.#isSorted = true;
  }

  #set(row: Row, entry: Entry): void {
    row.entry = entry;
    this.#list[row.at] = entry;
    this.#shown = undefined;
  }
}
