// From blocks to messages, once for all receivers of a bus.

import { messagesOf } from './block.ts';
import type { Block } from './block.ts';
import { isBusError } from './errors.ts';
import type { Events } from './events.ts';
import type { IdSource } from './id.ts';
import { isInner } from './message.ts';
import type { Reading } from './reading.ts';
import type { SchemaCheck } from './schema-check.ts';

const noneUnfit: ReadonlyMap<number, string> = new Map();

export class Decoder {
  readonly #events: Events;
  readonly #ids: IdSource;
  readonly #schemas: SchemaCheck | undefined;
  /** The last one: what several receivers get they get one after the other. */
  #decoded: { readonly body: unknown; readonly reading: Reading } | undefined;

  constructor(events: Events, ids: IdSource, schemas: SchemaCheck | undefined) {
    this.#events = events;
    this.#ids = ids;
    this.#schemas = schemas;
  }

  read(block: Block, offset: number): Reading {
    // What never left the process has one body, for its sender and for all who receive it.
    const body = 'items' in block ? block.items : block;
    if (this.#decoded?.body === body) return this.#decoded.reading;
    const reading = this.#decode(block, offset);
    this.#decoded = { body, reading };
    return reading;
  }

  #decode(block: Block, offset: number): Reading {
    try {
      const all = messagesOf(block, offset);
      const last = all.at(-1);
      if (last !== undefined) this.#ids.observe(last.id);
      const { channelId, kind } = block.header;
      if (kind === 'data' && this.#schemas?.has(channelId) === true)
        return this.#schemas.read(channelId, all, (error) => this.#events.emit('error', error));
      const messages = all.some(({ type }) => isInner(type)) ? all.filter(({ type }) => !isInner(type)) : all;
      return { all, messages, unfit: noneUnfit };
    } catch (error) {
      if (!isBusError(error)) throw error;
      this.#events.emit('error', error);
      return { all: [], messages: [], unfit: noneUnfit };
    }
  }
}
