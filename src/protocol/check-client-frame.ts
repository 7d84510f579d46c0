// What a host lets in. It is checked by zod, because any script of the origin can post to a port or a channel.

import { z } from 'zod/mini';
import type { ClientFrame } from './frames.ts';
import { maxBlockMessages, maxMessageBytes } from '../core/block.ts';
import { checkChannel, checkPattern } from '../core/channel.ts';
import { busError } from '../core/errors.ts';

// A strict Content-Security-Policy reports the probe for `eval` that zod would make.
z.config({ jitless: true });

function accepts(check: (value: unknown) => void): (value: string) => boolean {
  return (value) => {
    try {
      check(value);
      return true;
    } catch {
      return false;
    }
  };
}

const text = z.string().check(z.maxLength(4096));
const count = z.int().check(z.nonnegative());
const channelId = z.string().check(z.refine(accepts(checkChannel)));
const pattern = z.string().check(z.refine(accepts(checkPattern)));
const position = z.object({ logId: text, offset: count });

const header = z.looseObject({
  v: z.literal(1),
  kind: z.literal('data'),
  channelId,
  serverId: text,
  authorId: text,
  authorName: z.optional(text),
  count: z.int().check(z.positive(), z.maximum(maxBlockMessages)),
  firstId: z.uuid(),
  keys: z.optional(z.array(text).check(z.length(1))),
  createdAt: z.number(),
  expiresAt: z.optional(z.number()),
  priority: z.optional(z.enum(['low', 'normal', 'high', 'critical'])),
  traceparent: z.optional(text),
  codec: z.literal('json'),
});

const block = z.object({
  header,
  json: z.string().check(z.maxLength(maxMessageBytes + 1024)),
  buffers: z.optional(z.array(z.instanceof(Uint8Array))),
});

const ref = z.object({ channelId, logId: text, offset: count, attempt: z.int().check(z.positive()) });
const outcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done') }),
  z.object({ kind: z.literal('failed'), reason: text, dead: z.boolean() }),
]);
const member = { member: count };
const duration = z.number().check(z.nonnegative());

const will = z.object({ id: text, block });

const limit = z.optional(z.number().check(z.positive()));
const call = { call: count };
const number = { reader: count };

/** Each kind of frame, by its type. */
const frames: { readonly [K in ClientFrame['type']]: z.ZodMiniType } = {
  hello: z.object({
    type: z.literal('hello'),
    min: count,
    max: count,
    clientId: text,
    lock: text,
    retention: z.optional(z.object({ count: limit, age: limit, bytes: limit })),
  }),
  push: z.object({
    type: z.literal('push'),
    n: z.int().check(z.positive()),
    ack: z.enum(['stored', 'flushed', 'synced']),
    block,
    will: z.optional(will),
    fulfils: z.optional(text),
  }),
  will: z.object({ type: z.literal('will'), will }),
  cast: z.object({ type: z.literal('cast'), block }),
  open: z.object({
    type: z.literal('open'),
    ...number,
    pattern,
    from: z.union([
      z.enum(['now', 'earliest']),
      position,
      z.strictObject({ last: count }),
      z.record(z.string(), position),
    ]),
    ephemeral: z.union([z.boolean(), z.literal('only')]),
  }),
  credit: z.object({ type: z.literal('credit'), ...number, weight: count }),
  shut: z.object({ type: z.literal('shut'), ...number }),
  join: z.object({
    type: z.literal('join'),
    ...member,
    group: text.check(z.minLength(1)),
    pattern,
    from: z.enum(['earliest', 'now']),
    slots: count,
    lease: duration,
    maxAttempts: z.int().check(z.positive()),
    backoff: z.object({ initial: duration, max: duration, factor: z.number(), jitter: z.boolean() }),
    ordered: z.boolean(),
    since: z.number(),
    held: z.array(ref),
  }),
  slots: z.object({ type: z.literal('slots'), ...member, slots: count }),
  settle: z.object({ type: z.literal('settle'), ...member, ref, outcome }),
  pass: z.object({ type: z.literal('pass'), ...member, channelId, logId: text, offsets: z.array(count) }),
  leave: z.object({ type: z.literal('leave'), ...member }),
  present: z.object({
    type: z.literal('present'),
    channelId,
    userId: text,
    presence: z.nullable(z.object({ name: z.optional(text), state: z.optional(z.record(z.string(), z.unknown())) })),
  }),
  watch: z.object({ type: z.literal('watch'), channelId, on: z.boolean() }),
  extend: z.object({ type: z.literal('extend'), ...call, ...member, ref, ms: duration }),
  page: z.object({ type: z.literal('page'), ...call, channelId, after: count, limit: count }),
  channels: z.object({ type: z.literal('channels'), ...call, pattern }),
  erase: z.object({
    type: z.literal('erase'),
    ...call,
    channelId,
    offset: z.int().check(z.positive()),
    id: text,
    author: text,
  }),
  clear: z.object({ type: z.literal('clear'), ...call, channelId, author: text }),
  admin: z.object({ type: z.literal('admin'), data: z.unknown() }),
  ping: z.object({ type: z.literal('ping'), n: count }),
  bye: z.object({ type: z.literal('bye'), gone: z.optional(z.boolean()) }),
};

function schemaOf(value: unknown): z.ZodMiniType | undefined {
  const type: unknown = typeof value === 'object' && value !== null ? (value as { type?: unknown }).type : undefined;
  return typeof type === 'string' && Object.hasOwn(frames, type) ? frames[type as ClientFrame['type']] : undefined;
}

const archived = z.array(
  z.object({ ...block.def.shape, header: z.looseObject({ ...header.def.shape, blockId: text }) }),
);

/** Throws what is wrong with what a rare call was given: only a file brings what this build did not make. */
export function checkAdminCall(name: string, given: readonly unknown[]): void {
  if (name !== 'importBlocks') return;
  const result = z.tuple([channelId, archived, z.boolean()]).safeParse(given);
  if (result.success) return;
  const [issue] = result.error.issues;
  throw busError('IMPORT_FAILED', `A block is not valid (${issue?.path.join('.') ?? ''}: ${issue?.code ?? ''}).`);
}

/** The frame, without what is unknown; or what is wrong with it. */
export function checkClientFrame(value: unknown): { readonly frame: ClientFrame } | { readonly wrong: string } {
  const schema = schemaOf(value);
  if (schema === undefined) return { wrong: 'unknown type' };
  const result = schema.safeParse(value);
  if (result.success) return { frame: result.data as ClientFrame };
  const [issue] = result.error.issues;
  return { wrong: `${issue?.path.join('.') ?? ''}: ${issue?.code ?? 'invalid'}` };
}
