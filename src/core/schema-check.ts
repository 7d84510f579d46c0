// Contents against the schemas of their channels: refused at `send`, left out at delivery. A schema may change under what is
// stored, so both are needed. A channel without a schema costs one look.

import { checkChannel } from './channel.ts';
import { busError, describe } from './errors.ts';
import type { BusError } from './errors.ts';
import type { Reading } from './reading.ts';
import { isInner } from './message.ts';
import type { Message, MessageInput } from './message.ts';
import type { Schemas, StandardSchema } from './schema.ts';

/** What Standard Schema v1 says of a result. */
interface Result {
  readonly value?: unknown;
  readonly issues?: readonly Issue[] | undefined;
}

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

type Checked = { readonly value: unknown } | { readonly wrong: string } | 'asynchronous';

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

function pathOf({ path = [] }: Issue): string {
  const keys = path.map((segment) => (typeof segment === 'object' ? segment.key : segment));
  return keys.reduce<string>(
    (before, key) => (typeof key === 'number' ? `${before}[${key}]` : `${before}.${String(key)}`),
    'content',
  );
}

function check(schema: StandardSchema, content: unknown): Checked {
  try {
    const result = schema['~standard'].validate(content);
    if (isPromise(result)) {
      result.catch(describe);
      return 'asynchronous';
    }
    const { issues, value } = result as Result;
    const issue = issues?.[0];
    return issue === undefined ? { value } : { wrong: `${pathOf(issue)}: ${issue.message}` };
  } catch (error) {
    return { wrong: `its schema threw: ${describe(error)}` };
  }
}

/** What was left out of a block, as one error. */
function leftOut(channelId: string, id: string, reason: string, more: number): BusError {
  const others = more === 0 ? '' : ` So were ${more} more of its block.`;
  return busError('SCHEMA_MISMATCH', `Message ${id} of channel "${channelId}" was left out: ${reason}.${others}`);
}

export class SchemaCheck {
  readonly #schemas: Schemas;

  constructor(schemas: Schemas) {
    for (const [channelId, schema] of Object.entries(schemas)) {
      checkChannel(channelId);
      if (typeof schema?.['~standard']?.validate !== 'function')
        throw busError('INVALID_INPUT', `schemas: what "${channelId}" has is no Standard Schema.`);
    }
    this.#schemas = schemas;
  }

  has(channelId: string): boolean {
    return Object.hasOwn(this.#schemas, channelId);
  }

  /** Throws if the content does not fit; what is stored is the content as it was given. */
  admit({ channelId, content, type }: MessageInput): void {
    if (!this.has(channelId) || (type !== undefined && isInner(type))) return;
    const checked = check(this.#schemas[channelId] as StandardSchema, content);
    if (checked === 'asynchronous')
      throw busError('INVALID_INPUT', `send: the schema of channel "${channelId}" is asynchronous; it must not be.`);
    if ('wrong' in checked)
      throw busError(
        'SCHEMA_MISMATCH',
        `send: the content does not fit the schema of channel "${channelId}": ${checked.wrong}.`,
      );
  }

  /** The messages of a block as the schema of their channel gives them; what does not fit stays as it is, in `all` alone. */
  read(channelId: string, decoded: readonly Message[], report: (error: BusError) => void): Reading {
    const schema = this.#schemas[channelId] as StandardSchema;
    const messages: Message[] = [];
    const unfit = new Map<number, string>();
    const out: { readonly id: string; readonly reason: string }[] = [];
    const all = decoded.map((message) => {
      if (isInner(message.type)) return message;
      const checked = check(schema, message.content);
      if (typeof checked === 'object' && 'value' in checked) {
        const fitting = { ...message, content: checked.value };
        messages.push(fitting);
        return fitting;
      }
      const reason = checked === 'asynchronous' ? 'its schema is asynchronous' : checked.wrong;
      out.push({ id: message.id, reason });
      // Ephemeral ones have no place by which anybody could ask.
      if (message.offset > 0) unfit.set(message.offset, reason);
      return message;
    });
    const first = out[0];
    if (first !== undefined) report(leftOut(channelId, first.id, first.reason, out.length - 1));
    return { all, messages, unfit };
  }
}
