// What a host lets in. It is checked by zod, because any script of the origin can post to a port or a channel.

import { z } from 'zod/mini';
import type { ClientFrame } from './frames.ts';
import { maxBlockMessages, maxMessageBytes } from '../core/block.ts';
import { checkChannel, checkPattern } from '../core/channel.ts';
import { busError } from '../core/errors.ts';
import { adminCalls } from '../core/host-admin.ts';
import { isUuid7 } from '../core/id.ts';

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

/** Few kinds of schema, because each weighs in the worker: what they do not say a function does. */
function numberThat(is: (n: number) => boolean): z.ZodMiniNumber {
  return z.number().check(z.refine(is));
}

function textThat(is: (text: string) => boolean): z.ZodMiniString {
  return z.string().check(z.refine(is));
}

const text = textThat(({ length }) => length <= 4096);
const count = numberThat((n) => Number.isSafeInteger(n) && n >= 0);
const positive = numberThat((n) => Number.isSafeInteger(n) && n > 0);
const duration = numberThat((n) => n >= 0);
const channelId = textThat(accepts(checkChannel));
const pattern = textThat(accepts(checkPattern));
const flag = z.boolean();
const anything = z.custom(() => true);
const position = z.object({ logId: text, offset: count });

const header = z.looseObject({
  v: z.literal(1),
  kind: z.literal('data'),
  channelId,
  serverId: text,
  authorId: text,
  authorName: z.optional(text),
  count: numberThat((n) => Number.isInteger(n) && n > 0 && n <= maxBlockMessages),
  firstId: textThat(isUuid7),
  keys: z.optional(z.array(text).check(z.refine(({ length }) => length === 1))),
  createdAt: z.number(),
  expiresAt: z.optional(z.number()),
  priority: z.optional(z.literal(['low', 'normal', 'high', 'critical'])),
  traceparent: z.optional(text),
  codec: z.literal('json'),
});

const block = z.object({
  header,
  json: textThat(({ length }) => length <= maxMessageBytes + 1024),
  buffers: z.optional(z.array(z.instanceof(Uint8Array))),
});

const ref = z.object({ channelId, logId: text, offset: count, attempt: positive });
const outcome = z.union([
  z.object({ kind: z.literal('done') }),
  z.object({ kind: z.literal('failed'), reason: text, dead: flag }),
]);
const will = z.object({ id: text, block });
const limit = z.optional(numberThat((n) => n > 0));

/** What each kind of frame holds beside its type. */
const shapes: { readonly [K in ClientFrame['type']]: z.core.$ZodShape } = {
  hello: {
    min: count,
    max: count,
    clientId: text,
    link: z.optional(count),
    lock: text,
    retention: z.optional(z.object({ count: limit, age: limit, bytes: limit })),
  },
  push: {
    n: positive,
    ack: z.literal(['stored', 'flushed', 'synced']),
    block,
    will: z.optional(will),
    fulfils: z.optional(text),
  },
  will: { will },
  cast: { block },
  open: {
    reader: count,
    pattern,
    from: z.union([
      z.literal(['now', 'earliest']),
      position,
      z.strictObject({ last: count }),
      z.record(z.string(), position),
    ]),
    ephemeral: z.union([flag, z.literal('only')]),
  },
  credit: { reader: count, weight: count },
  shut: { reader: count },
  join: {
    member: count,
    group: text,
    pattern,
    from: z.literal(['earliest', 'now']),
    slots: count,
    lease: numberThat((n) => n > 0),
    maxAttempts: positive,
    backoff: z.object({ initial: duration, max: duration, factor: z.number(), jitter: flag }),
    ordered: flag,
    since: z.number(),
    held: z.array(ref),
  },
  slots: { member: count, slots: count },
  settle: { member: count, ref, outcome },
  pass: { member: count, channelId, logId: text, offsets: z.array(count) },
  leave: { member: count },
  present: {
    channelId,
    userId: text,
    presence: z.union([z.literal(null), z.object({ name: z.optional(text), state: z.optional(z.looseObject({})) })]),
  },
  watch: { channelId, on: flag },
  extend: { call: count, member: count, ref, ms: duration },
  page: { call: count, channelId, after: count, limit: count },
  channels: { call: count, pattern },
  erase: { call: count, channelId, offset: positive, id: text, author: text },
  clear: { call: count, channelId, upTo: position, author: text },
  // Only calls by name: comlink's protocol could reach whatever these calls inherit.
  admin: {
    data: z.object({
      id: text,
      type: z.literal('APPLY'),
      path: z.array(z.literal([...adminCalls])).check(z.refine(({ length }) => length === 1)),
      argumentList: z.array(z.object({ type: z.literal('RAW'), value: z.optional(anything) })),
    }),
  },
  ping: { n: count },
  bye: { gone: z.optional(flag) },
};

const frames: ReadonlyMap<unknown, z.ZodMiniType> = new Map(
  Object.entries(shapes).map(([type, shape]) => [type, z.object({ type: z.literal(type), ...shape })]),
);

const archived = z.object({ ...block.def.shape, header: z.looseObject({ ...header.def.shape, blockId: text }) });
const imported = z.object({ channelId, blocks: z.array(archived), begins: flag });

function wrongIn({ issues: [issue] }: z.core.$ZodError): string {
  return `${issue?.path.join('.') ?? ''}: ${issue?.code ?? 'invalid'}`;
}

/** Throws what is wrong with what a rare call was given: only a file brings what this build did not make. */
export function checkAdminCall(name: string, [channel, blocks, begins]: readonly unknown[]): void {
  if (name !== 'importBlocks') return;
  const result = imported.safeParse({ channelId: channel, blocks, begins });
  if (!result.success) throw busError('IMPORT_FAILED', `A block is not valid (${wrongIn(result.error)}).`);
}

/** The frame, without what is unknown; or what is wrong with it. */
export function checkClientFrame(value: unknown): { readonly frame: ClientFrame } | { readonly wrong: string } {
  const schema =
    typeof value === 'object' && value !== null ? frames.get((value as { type?: unknown }).type) : undefined;
  if (schema === undefined) return { wrong: 'unknown type' };
  const result = schema.safeParse(value);
  if (result.success) return { frame: result.data as ClientFrame };
  return { wrong: wrongIn(result.error) };
}
