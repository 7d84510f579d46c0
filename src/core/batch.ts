// A block in the making: takes messages until one of the cut rules closes it.

import { maxBlockMessages, maxBlockSize, maxMessageBytes } from './block.ts';
import type { Block, Header } from './block.ts';
import { utf8Length } from './channel.ts';
import { takeBytes } from './content.ts';
import type { BytesAt } from './content.ts';
import { busError } from './errors.ts';
import type { IdRange, IdSource } from './id.ts';
import type { Item, Priority } from './message.ts';

export type Ack = 'stored' | 'flushed' | 'synced';

/** What all messages of a block have in common: a difference here cuts. */
export interface Shared {
  readonly channelId: string;
  readonly serverId: string;
  readonly authorId: string;
  readonly authorName: string | undefined;
  readonly priority: Priority | undefined;
  readonly ttl: number | undefined;
  readonly traceparent: string | undefined;
  readonly ack: Ack;
  readonly ephemeral: boolean;
}

function binarySize(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((size, buffer) => size + Math.ceil(buffer.length / 3) * 4, 0);
}

/** Encodes an item, once and for all receivers; its large binary is added to `buffers`. Throws `MESSAGE_TOO_LARGE`. */
export function encodeItem(item: Item, buffers: Uint8Array[]): string {
  if (item.bytes === undefined) return checkSize(JSON.stringify(item), buffers);
  const paths: BytesAt[] = [];
  const bare = takeBytes({ ...item, bytes: undefined }, buffers, paths) as Item;
  return checkSize(JSON.stringify({ ...bare, bytes: paths }), buffers);
}

function checkSize(json: string, buffers: readonly Uint8Array[]): string {
  if (json.length * 3 <= maxMessageBytes && buffers.length === 0) return json;
  const size = utf8Length(json) + binarySize(buffers);
  if (size <= maxMessageBytes) return json;
  throw busError('MESSAGE_TOO_LARGE', `send: the message is ${size} bytes, the limit is ${maxMessageBytes}.`);
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export class Batch {
  readonly shared: Shared;
  readonly createdAt: number;
  readonly items: Item[] = [];
  readonly #range: IdRange;
  readonly #ids: IdSource;
  readonly #key: string | undefined;
  readonly #json: string[] = [];
  readonly #buffers: Uint8Array[] = [];
  #size = 0;
  #seen = '';
  #isLast = true;

  constructor(shared: Shared, key: string | undefined, ids: IdSource, now: number) {
    this.shared = shared;
    this.createdAt = now;
    this.#key = key;
    this.#ids = ids;
    this.#range = ids.range(key === undefined ? maxBlockMessages : 1);
  }

  get count(): number {
    return this.items.length;
  }

  /** Whether a message of unknown size may be offered. A ttl counts from the header's time: only what has the same may join. */
  isOpen(now: number): boolean {
    return (
      this.#key === undefined &&
      this.count < maxBlockMessages &&
      (this.shared.ttl === undefined || now === this.createdAt)
    );
  }

  /** Whether this message may join: a key is alone in its block, and so is a message with large binary. */
  hasRoomFor(json: string, buffers: readonly Uint8Array[]): boolean {
    if (this.count === 0) return true;
    return this.#buffers.length + buffers.length === 0 && this.#size + json.length <= maxBlockSize;
  }

  /** Gives a message its id and its time, before it is encoded. */
  name(item: Item, now: number): string {
    if (item.timestamp === undefined && now !== this.createdAt) item.timestamp = now;
    if (this.#key !== undefined) return this.#key;
    if (item.id !== undefined) return item.id;
    const id = this.#range.at(this.count);
    if (this.#sortsLast(id)) return id;
    // Something newer was seen since this block was begun: a reply to it must sort after it.
    item.id = this.#ids.next();
    return item.id;
  }

  /** Looked at again only when something new was seen: what sorted last before still does. */
  #sortsLast(id: string): boolean {
    if (this.#seen !== this.#ids.seen) {
      this.#seen = this.#ids.seen;
      this.#isLast = id > this.#seen;
    }
    return this.#isLast;
  }

  /** Takes an encoded message, or, where blocks stay in the process, the item alone. */
  add(item: Item, json?: string, buffers: readonly Uint8Array[] = []): void {
    this.items.push(item);
    if (json === undefined) return;
    this.#json.push(json);
    this.#size += json.length;
    this.#buffers.push(...buffers);
  }

  get header(): Header {
    const { channelId, serverId, authorId, authorName, priority, ttl, traceparent } = this.shared;
    const header: Writable<Header> = {
      v: 1,
      kind: 'data',
      channelId,
      serverId,
      authorId,
      count: this.count,
      firstId: this.#range.at(0),
      createdAt: this.createdAt,
      codec: this.#json.length > 0 ? 'json' : 'items',
    };
    // One by one: spread into a literal they cost more than all the rest of a small block.
    if (authorName !== undefined) header.authorName = authorName;
    if (this.#key !== undefined) header.keys = [this.#key];
    if (ttl !== undefined) header.expiresAt = this.createdAt + ttl;
    if (priority !== undefined) header.priority = priority;
    if (traceparent !== undefined) header.traceparent = traceparent;
    return header;
  }

  seal(): Block {
    const { header } = this;
    if (header.codec === 'items') return { header, items: this.items };
    const json = `[${this.#json.join(',')}]`;
    return this.#buffers.length > 0 ? { header, json, buffers: this.#buffers } : { header, json };
  }
}
