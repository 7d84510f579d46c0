// The streams that a reader of a channel or pattern sees. It is given every message that the reader gets; it asks the writers
// for what it missed, and again after each change of host: what is ephemeral may be lost there.

import { busError, describe } from './errors.ts';
import type { BusError } from './errors.ts';
import type { Inside } from './inside.ts';
import type { Message } from './message.ts';
import { ReadStream } from './read-stream.ts';
import * as parts from './stream-messages.ts';
import type { Begin, Delta } from './stream-messages.ts';

export interface StreamsSink {
  /** It began, or was under way. One that another writer begins anew is another one with the same id. */
  opened(stream: ReadStream): void;
  /** Its text grew, or it ended. */
  changed?(stream: ReadStream): void;
}

/** Milliseconds until what was not answered is asked again. */
const patience = 1000;
/** Of how many ended streams it is known that they ended: what comes late does not bring them back. */
const remembered = 256;

/** Ids may be given by users: they are keys in their channel only. */
const keyOf = (channelId: string, streamId: string): string => `${channelId.length} ${channelId}${streamId}`;

export class OpenStreams {
  readonly #inside: Inside;
  readonly #sink: StreamsSink;
  readonly #open = new Map<string, ReadStream>();
  /** Which run of a stream ended last. */
  readonly #ended = new Map<string, number>();
  /** When it was asked, by key, in this turn or before. */
  readonly #asked = new Map<string, number>();
  readonly #forget: () => void;

  constructor(inside: Inside, sink: StreamsSink) {
    this.#inside = inside;
    this.#sink = sink;
    this.#forget = inside.events.on('host', () => this.#hostChanged());
  }

  /** The stream that this message is of, as its beginning, delta or end. */
  take(message: Message): ReadStream | undefined {
    if (message.offset === 0) return message.type === parts.deltaType ? this.#delta(message) : undefined;
    switch (message.type) {
      case parts.beginType:
        return (
          this.#found(message.channelId, message.id, 0) ?? this.#begun(parts.beginOf(message), parts.runOf(message))
        );
      case parts.abortType:
        return this.#aborted(message);
      default:
        return this.#finished(message);
    }
  }

  /** Asks for whatever is under way on a channel. */
  askAll(channelId: string): void {
    this.#ask(channelId, parts.anyStream);
  }

  /** What was there is no longer, and ends may have gone with it. What is under way comes again. */
  reset(channelId: string): void {
    const error = busError('STREAM_ABORTED', 'The channel was cleared or replaced.');
    for (const stream of this.#open.values()) if (stream.begin.channelId === channelId) this.#fail(stream, error);
    this.#ended.clear();
    this.#asked.clear();
    this.askAll(channelId);
  }

  close(error: BusError): void {
    this.#forget();
    for (const stream of this.#open.values()) this.#fail(stream, error);
  }

  #begun(begin: Begin, run: number): ReadStream {
    const stream = new ReadStream(begin, run, (stopping) => this.#askToStop(stopping));
    this.#open.set(keyOf(begin.channelId, begin.id), stream);
    this.#sink.opened(stream);
    return stream;
  }

  #delta(message: Message): ReadStream | undefined {
    const delta = parts.deltaOf(message);
    if (delta === undefined) return undefined;
    const stream = this.#streamOf(message.channelId, delta);
    if (stream === undefined) return undefined;
    this.#append(stream, delta);
    if (delta.end !== undefined) return this.#finished({ ...delta.end, channelId: message.channelId });
    // The writer may have a host again since just now: a snapshot is how it says so.
    if (stream.wantsStop && delta.begin !== undefined) this.#askToStop(stream);
    return stream;
  }

  #append(stream: ReadStream, { index, delta }: Delta): void {
    const { channelId } = stream.begin;
    const { length } = stream.text;
    if (!stream.append(index, delta)) return this.#ask(channelId, stream.id);
    if (this.#asked.size > 0) this.#asked.delete(keyOf(channelId, stream.id));
    if (stream.text.length > length) this.#sink.changed?.(stream);
  }

  #streamOf(channelId: string, { streamId, run, begin }: Delta): ReadStream | undefined {
    const found = this.#found(channelId, streamId, run);
    if (found !== undefined) return found.run === run ? found : undefined;
    if (run <= (this.#ended.get(keyOf(channelId, streamId)) ?? 0)) return undefined;
    if (begin !== undefined) return this.#begun({ ...begin, id: streamId, channelId }, run);
    this.#ask(channelId, streamId);
    return undefined;
  }

  /** Also if its run is a later one. An earlier one is over. */
  #found(channelId: string, streamId: string, run: number): ReadStream | undefined {
    const found = this.#open.get(keyOf(channelId, streamId));
    if (found === undefined || found.run >= run) return found;
    this.#fail(found, busError('STREAM_ABORTED', 'Another writer began the stream anew.'));
    return undefined;
  }

  #finished(message: Message): ReadStream | undefined {
    const streamId = parts.endedBy(message.id);
    if (streamId === undefined) return undefined;
    const stream = this.#open.get(keyOf(message.channelId, streamId));
    this.#over(message.channelId, streamId, Infinity);
    if (stream === undefined) return undefined;
    stream.finish(message);
    this.#sink.changed?.(stream);
    return stream;
  }

  #aborted(message: Message): ReadStream | undefined {
    const { streamId, run } = parts.abortOf(message);
    const stream = this.#open.get(keyOf(message.channelId, streamId));
    if (stream === undefined) this.#over(message.channelId, streamId, run);
    else if (stream.run <= run)
      this.#fail(stream, busError('STREAM_ABORTED', 'The stream was aborted.'), message.content);
    return stream;
  }

  #fail(stream: ReadStream, error: BusError, content?: unknown): void {
    this.#over(stream.begin.channelId, stream.id, stream.run);
    stream.fail(error, content);
    this.#sink.changed?.(stream);
  }

  #over(channelId: string, streamId: string, run: number): void {
    const key = keyOf(channelId, streamId);
    this.#open.delete(key);
    this.#asked.delete(key);
    this.#ended.set(key, Math.max(run, this.#ended.get(key) ?? 0));
    if (this.#ended.size > remembered) this.#ended.delete(this.#ended.keys().next().value as string);
  }

  #hostChanged(): void {
    this.#asked.clear();
    for (const stream of this.#open.values()) {
      this.#ask(stream.begin.channelId, stream.id);
      if (stream.wantsStop) this.#askToStop(stream);
    }
  }

  #askToStop({ begin, id }: ReadStream): void {
    this.#send(begin.channelId, { streamId: id, stop: true });
  }

  #ask(channelId: string, streamId: string): void {
    const key = keyOf(channelId, streamId);
    const now = this.#inside.platform.elapsed();
    if (now - (this.#asked.get(key) ?? -patience) < patience) return;
    this.#asked.set(key, now);
    this.#send(channelId, { streamId });
  }

  #send(channelId: string, content: { readonly streamId: string; readonly stop?: boolean }): void {
    this.#inside
      .send({ channelId, type: parts.askType, content }, { ephemeral: true, inner: true })
      // Whoever is not heard asks again.
      .catch(describe);
  }
}
