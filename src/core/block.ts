// The block: a header and up to 256 encoded messages of one author, channel and home. It is the unit on every wire and at
// rest. Once made it is never cut again, and whoever only carries it never opens its body.

import { busError } from './errors.ts';
import { putBytes } from './content.ts';
import { rangeFrom } from './id.ts';
import type { Item, Message, Priority } from './message.ts';

export const maxBlockMessages = 256;
export const maxBlockSize: number = 128 * 1024;
/** The largest message, as bytes of JSON, with binary counted at 4/3: so a block of it fits into a file record of 1 MB. */
export const maxMessageBytes = 960_000;

/** A header as its sender makes it. `createdAt` and `expiresAt` are milliseconds since the epoch. */
export interface Header {
  readonly v: 1;
  readonly kind: 'data' | 'skip' | 'control';
  /** What a control block says; its only item says of what: `{ content: { id?, offset? } }`. */
  readonly control?: 'delete' | 'clear';
  readonly channelId: string;
  readonly serverId: string;
  readonly authorId: string;
  readonly authorName?: string;
  readonly count: number;
  readonly firstId: string;
  /** Ids given by the caller: keys in the channel. A block with a key holds one message. */
  readonly keys?: readonly string[];
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly priority?: Priority;
  readonly traceparent?: string;
  /** How the body is written: 'json', or 'items' in a block that never left its process. */
  readonly codec: 'json' | 'items';
}

/** What a block gets once, from its producer, and keeps for ever. */
export interface Identity {
  readonly producerId: string;
  /** 1, 2, 3 … for each producer and channel. */
  readonly sequence: number;
  readonly blockId: string;
}

export type Body =
  | { readonly json: string; readonly buffers?: readonly Uint8Array[] }
  | { readonly items: readonly Item[] };

export type Block<H extends Header = Header> = { readonly header: H } & Body;
export type IdentifiedBlock = Block<Header & Identity>;

/** A block in a log, with what the log added. `offset` is that of its last message. */
export type StoredBlock = IdentifiedBlock & {
  readonly logId: string;
  readonly offset: number;
  readonly appendedAt: number;
};

/**
 * A block with the identity that it gets. Here and below nothing is spread: V8 gives what is spread from another object a
 * hidden class of its own each time, and those outlive it. That costs more than all else that is done with a small block.
 */
export function identified(block: Block, identity: Identity): IdentifiedBlock {
  return Object.assign({}, block, { header: Object.assign({}, block.header, identity) });
}

/** A block where it is stored. */
export function storedAt(block: IdentifiedBlock, logId: string, offset: number, appendedAt: number): StoredBlock {
  return Object.assign({}, block, { logId, offset, appendedAt });
}

/** The offset of a stored block's first message. */
export function firstOffset(block: StoredBlock): number {
  return block.offset - block.header.count + 1;
}

/** About how many bytes a block takes. Blocks that were never encoded are taken to hold small messages. */
export function sizeOf(block: Block): number {
  if ('items' in block) return block.items.length * 200;
  let size = block.json.length;
  for (const buffer of block.buffers ?? []) size += buffer.length;
  return size;
}

/** What a block costs of a reader's credit: its messages, or more if they are large. */
export function weightOf(block: Block): number {
  return Math.max(block.header.count, Math.ceil(sizeOf(block) / 512));
}

type Fields = { -readonly [K in keyof Message]?: Message[K] };
/** What of an item is taken over as it is; a body can set nothing else. */
const own: ReadonlySet<string> = new Set([
  'topic',
  'to',
  'inReplyTo',
  'correlationId',
  'sessionId',
  'source',
  'attachments',
  'hops',
  'metadata',
]);

function messageOf(header: Header, item: Item, id: string, offset: number): Message {
  const message = {
    version: 1,
    id,
    channelId: header.channelId,
    serverId: header.serverId,
    authorId: header.authorId,
    type: item.type ?? 'text',
    content: item.content,
    timestamp: item.timestamp ?? header.createdAt,
    offset,
  } satisfies Fields;
  const more: Fields = message;
  if (header.authorName !== undefined) more.authorName = header.authorName;
  if (header.priority !== undefined) more.priority = header.priority;
  if (header.expiresAt !== undefined) more.ttl = header.expiresAt - header.createdAt;
  if (header.traceparent !== undefined) more.traceparent = header.traceparent;
  for (const key in item) if (own.has(key)) (more as Record<string, unknown>)[key] = item[key as keyof Item];
  return message;
}

function itemsOf(block: Block): readonly Item[] {
  if ('items' in block) return block.items;
  const items: unknown = JSON.parse(block.json);
  if (!Array.isArray(items) || items.length !== block.header.count) throw new TypeError('the body has another count');
  for (const item of items as Item[]) if (item.bytes !== undefined) putBytes(item, item.bytes, block.buffers ?? []);
  return items as Item[];
}

/** The messages of a block whose last one has this offset (0 for ephemeral ones), without deleted ones. Throws `MALFORMED_BLOCK`. */
export function messagesOf(block: Block, offset: number): readonly Message[] {
  const { header } = block;
  try {
    const items = itemsOf(block);
    const ids = rangeFrom(header.firstId);
    const messages: Message[] = [];
    items.forEach((item, at) => {
      if (item.deleted === true) return;
      const id = item.id ?? header.keys?.[at] ?? ids.at(at);
      messages.push(messageOf(header, item, id, offset === 0 ? 0 : offset - header.count + at + 1));
    });
    return messages;
  } catch (error) {
    throw busError('MALFORMED_BLOCK', `A block of channel "${header.channelId}" cannot be read.`, { cause: error });
  }
}
