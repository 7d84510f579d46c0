// Reading a channel: a range of its stream, with what was put in the place of blocks that were replaced.

import { sizeOf } from '../../core/block.ts';
import type { ChannelHead, Page } from '../../core/log.ts';
import { blockOf } from './entry.ts';
import type { Fields } from './entry.ts';
import type { ProducerTable } from '../failover-log/home.ts';
import { keysOf } from './keys.ts';
import { producersScript } from './scripts.ts';
import type { Server } from './server.ts';

/** Pages end at about this size. */
const pageSize = 1024 * 1024;
const firstPageBlocks = 64;

type Entries = readonly (readonly [id: string, fields: Fields])[];

export class Pages {
  readonly #server: Server;
  /** About how many bytes a block of a channel has. */
  readonly #blockSize = new Map<string, number>();

  constructor(server: Server) {
    this.#server = server;
  }

  async head(channelId: string): Promise<ChannelHead> {
    return headOf(await this.#server.command(metaOf(channelId)));
  }

  /** How far producers have come, and the head, at one moment. */
  async producers(channelId: string, only?: readonly string[]): Promise<ProducerTable> {
    const { meta } = keysOf(channelId);
    if (only === undefined) {
      const [at, pairs] = (await this.#server.run(producersScript, [meta], [])) as [unknown, readonly string[]];
      return { head: headOf(at), last: new Map(pairsOf(pairs).map(([name, last]) => [name.slice(2), Number(last)])) };
    }
    const values = (await this.#server.command([
      ...metaOf(channelId),
      ...only.map((producerId) => `p:${producerId}`),
    ])) as readonly (string | null)[];
    const last = only.map((producerId, at) => [producerId, Number(values[metaFields + at] ?? 0)] as const);
    return { head: headOf(values), last: new Map(last) };
  }

  async read(channelId: string, after: number, limit: number): Promise<Page> {
    const { log, replaced } = keysOf(channelId);
    const count = Math.max(1, Math.floor(pageSize / (this.#blockSize.get(channelId) ?? pageSize / firstPageBlocks)));
    const from = `(${after}-0`;
    const range = (to: string, most: number): Promise<readonly unknown[]> =>
      this.#server.transaction([
        ['XRANGE', log, from, to, 'COUNT', String(most)],
        ['HGETALL', replaced],
        metaOf(channelId),
      ]);
    if (after >= Number.MAX_SAFE_INTEGER) return { ...(await this.head(channelId)), blocks: [] };
    const upTo = Math.min(Number.MAX_SAFE_INTEGER, after + Math.max(1, limit));
    let page = await range(String(upTo), count);
    // A block that is larger than what was asked for, or those before it were dropped.
    if ((page[0] as Entries).length === 0) page = await range('+', 1);
    const [entries, others, meta] = page as [Entries, object, unknown];
    const head = headOf(meta);
    const blocks = entries.map(([id, fields]) => blockOf(head.logId, Number.parseInt(id, 10), fields));
    const last = blocks.at(-1)?.offset ?? Infinity;
    for (const [offset, text] of pairsOf(others)) {
      const at = Number(offset);
      if (at > after && at < last) blocks.push(blockOf(head.logId, at, JSON.parse(text) as Fields));
    }
    if (blocks.length > entries.length) blocks.sort((a, b) => a.offset - b.offset);
    if (blocks.length > 0)
      this.#blockSize.set(channelId, blocks.reduce((sum, block) => sum + sizeOf(block) + 200, 0) / blocks.length);
    return { ...head, blocks };
  }
}

/** How many fields `metaOf` asks for. */
const metaFields = 4;

export function metaOf(channelId: string): readonly string[] {
  return ['HMGET', keysOf(channelId).meta, 'id', 'first', 'head', 'bytes'];
}

export function headOf(values: unknown): ChannelHead {
  const [logId, first, head, bytes] = values as readonly (string | null)[];
  return { logId: logId ?? '', first: Number(first ?? 1), head: Number(head ?? 0), bytes: Number(bytes ?? 0) };
}

/** A hash, as either protocol version gives it. */
export function pairsOf(hash: object): readonly (readonly [string, string])[] {
  if (Array.isArray(hash)) return hash.flatMap((name, at) => (at % 2 === 0 ? [[name, hash[at + 1]] as const] : []));
  return hash instanceof Map ? [...hash] : Object.entries(hash);
}
