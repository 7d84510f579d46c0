// What users send and receive. The input is checked here, once, before anything else sees it.

import { busError } from './errors.ts';
import { checkChannel } from './channel.ts';
import { isSimple, scan } from './content.ts';
import type { BytesAt } from './content.ts';

/** What a message may contain. Uint8Array may stand anywhere inside. */
export type Json =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

export type Priority = 'low' | 'normal' | 'high' | 'critical';

export interface Attachment {
  readonly id: string;
  readonly name: string;
  readonly mediaType: string;
  readonly bytes?: Uint8Array;
  readonly url?: string;
}

/** A message as it is delivered. Names follow source 000; times are milliseconds since the epoch. */
export interface Message<C = unknown> {
  readonly version: 1;
  /** UUIDv7, unless the sender gave its own; sorts after every id that its sender had seen. */
  readonly id: string;
  readonly channelId: string;
  /** 'local' unless given. */
  readonly serverId: string;
  readonly authorId: string;
  readonly authorName?: string;
  /** 'text' unless given. */
  readonly type: string;
  readonly content: C;
  readonly timestamp: number;
  readonly topic?: string;
  /** A label for the recipient; it hides nothing from anyone. */
  readonly to?: string;
  readonly inReplyTo?: string;
  readonly correlationId?: string;
  readonly sessionId?: string;
  readonly source?: string;
  readonly attachments?: readonly Attachment[];
  readonly priority?: Priority;
  /**
   * Milliseconds after `timestamp` during which it is worth delivering. They end at a date, which every receiver reads off its
   * own clock: where that is set forwards the message expires early, where it is set back late.
   */
  readonly ttl?: number;
  /** How many automatic answers led here. */
  readonly hops?: number;
  readonly traceparent?: string;
  readonly metadata?: { readonly [key: string]: Json };
  /** 1, 2, 3 … in its channel; 0 on an ephemeral message, and on a hub on one that came before it got its place. */
  readonly offset: number;
}

type Optional =
  | 'authorName'
  | 'topic'
  | 'to'
  | 'inReplyTo'
  | 'correlationId'
  | 'sessionId'
  | 'source'
  | 'attachments'
  | 'priority'
  | 'ttl'
  | 'hops'
  | 'traceparent'
  | 'metadata';

/** What is given to `send`. A given `id` is a key in its channel: sending it again returns the first message. */
export type MessageInput<K extends string = string, C = unknown> = {
  readonly channelId: K;
  readonly content: C;
  readonly authorId?: string;
  readonly id?: string;
  readonly type?: string;
  readonly timestamp?: number;
  readonly serverId?: string;
} & Partial<Pick<Message, Optional>>;

/** What one message has of its own in a block; everything it shares with its neighbours is in the header. */
export interface Item {
  content?: unknown;
  id?: string;
  type?: string;
  timestamp?: number;
  /** Where binary values stand in this item. */
  bytes?: readonly BytesAt[];
  topic?: string;
  to?: string;
  inReplyTo?: string;
  correlationId?: string;
  sessionId?: string;
  source?: string;
  attachments?: readonly Attachment[];
  hops?: number;
  metadata?: { readonly [key: string]: Json };
  /** Nothing is left of it but its place. */
  deleted?: true;
}

/** Types that begin so are the bus's own: whoever does not ask for them does not see them. */
export function isInner(type: string): boolean {
  return type.startsWith('busline.');
}

/** What users send has none of the bus's own types. */
export function checkType(type: unknown): void {
  if (typeof type === 'string' && isInner(type))
    wrong('type', `is "${type}", and types that begin with "busline." are the bus's own`);
}

const itemTexts = ['topic', 'to', 'inReplyTo', 'correlationId', 'sessionId', 'source'] as const;
const sharedTexts = ['authorId', 'authorName', 'serverId', 'id', 'type', 'traceparent'] as const;
export const priorities: ReadonlySet<unknown> = new Set(['low', 'normal', 'high', 'critical']);
const known: ReadonlySet<string> = new Set([
  ...itemTexts,
  ...sharedTexts,
  'channelId',
  'content',
  'timestamp',
  'attachments',
  'priority',
  'ttl',
  'hops',
  'metadata',
]);
const maxText = 4096;

function wrong(field: string, is: string): never {
  throw busError('INVALID_INPUT', `send: "${field}" ${is}.`);
}

function checkText(field: string, value: unknown): void {
  if (typeof value !== 'string') wrong(field, `must be a string, not ${typeof value}`);
  if (value.length > maxText) wrong(field, `is longer than ${maxText} characters`);
}

function checkNumber(field: string, value: unknown): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) wrong(field, 'must be a number, zero or more');
}

/** The fields beyond channel and content, which most messages do not have. */
function copyField(item: Item, field: string, value: unknown): void {
  if ((itemTexts as readonly string[]).includes(field)) {
    checkText(field, value);
    (item as Record<string, unknown>)[field] = value;
  } else if ((sharedTexts as readonly string[]).includes(field)) {
    checkText(field, value);
    if (value === '' && field !== 'authorName') wrong(field, 'must not be empty');
    if (field === 'type' && value !== 'text') item.type = value as string;
  } else if (field === 'hops' || field === 'timestamp') {
    checkNumber(field, value);
    item[field] = value as number;
  } else if (field === 'ttl') {
    checkNumber(field, value);
  } else if (field === 'priority') {
    if (!priorities.has(value)) wrong(field, 'must be low, normal, high or critical');
  } else if (field === 'metadata') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(field, 'must be an object');
    item.metadata = value as { readonly [key: string]: Json };
  } else if (field === 'attachments') {
    if (!Array.isArray(value)) wrong(field, 'must be an array');
    item.attachments = value as readonly Attachment[];
  } else if (!known.has(field)) {
    wrong(field, 'is not a field of a message; put it into "content" or "metadata"');
  }
}

/** The fields that may hold anything. */
const open = ['content', 'metadata', 'attachments'] as const;

/**
 * Checks an input and returns what is its own in a block; `bytes` is there if there is binary in it. Throws a `BusError` that
 * names what is wrong. With `copy`, the content is copied, so that the sender may change its object afterwards.
 */
export function itemOf(input: MessageInput, copy: boolean): Item {
  if (typeof input !== 'object' || input === null) {
    throw busError('INVALID_INPUT', 'send: give an object with "channelId" and "content".');
  }
  checkChannel(input.channelId);
  if (input.content === undefined) wrong('content', 'is missing');
  const item: Item = { content: input.content };
  for (const field in input) {
    if (field === 'content' || field === 'channelId') continue;
    const value: unknown = input[field as keyof MessageInput];
    if (value !== undefined) copyField(item, field, value);
  }
  for (const field of open) {
    const value: unknown = item[field];
    if (value === undefined || isSimple(value)) continue;
    const found = scan(value, field, copy);
    (item as Record<string, unknown>)[field] = found.value;
    if (found.hasBytes) item.bytes = [];
  }
  return item;
}
