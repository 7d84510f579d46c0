// What an exclusive log knows of its channels and clients, and the one place where offsets are given out.
// Pure bookkeeping: memory and IndexedDB differ only in where the records come from and where the blocks go.

import { advanced, decide, newProducer } from './append-rule.ts';
import type { ProducerState } from './append-rule.ts';
import { identified, sizeOf, storedAt } from './block.ts';
import type { Block, IdentifiedBlock, StoredBlock } from './block.ts';
import type { Append, ChannelHead, Verdict } from './log.ts';
import { randomName } from './platform.ts';
import type { Platform } from './platform.ts';

export interface ChannelRecord {
  logId: string;
  first: number;
  head: number;
  bytes: number;
  /** The sequence of the log's own last block. */
  own: number;
  readonly producers: Map<string, ProducerState>;
  /** Ids given by callers, with their offsets. */
  readonly keys: Map<string, number>;
}

type Place = { readonly logId: string; readonly offset: number };

/** What a client pushed last: enough to answer a push that is repeated. */
export interface ClientRecord {
  upTo: number;
  readonly places: Map<number, Place>;
}

/** How many pushes of a client are remembered; it never has more in flight. */
export const rememberedPushes = 32;

export function emptyChannel(): ChannelRecord {
  return { logId: '', first: 1, head: 0, bytes: 0, own: 0, producers: new Map(), keys: new Map() };
}

export function headOf(record: ChannelRecord | undefined): ChannelHead {
  const { logId, first, head, bytes } = record ?? { logId: '', first: 1, head: 0, bytes: 0 };
  return { logId, first, head, bytes };
}

export function isIdentified(block: Block): block is IdentifiedBlock {
  return 'producerId' in block.header;
}

export interface Placed {
  readonly verdict: Verdict;
  /** Only if it is to be written. */
  readonly block?: StoredBlock;
}

function known(place: Place): Placed {
  return { verdict: { kind: 'known', logId: place.logId, offset: place.offset } };
}

function refused(code: 'CONFLICT' | 'GAP' | 'STORAGE_FULL', why: string): Placed {
  return { verdict: { kind: 'refused', code, why } };
}

export class Ledger {
  readonly clients: Map<string, ClientRecord> = new Map();
  readonly #storeId: string;
  readonly #platform: Platform;

  constructor(storeId: string, platform: Platform) {
    this.#storeId = storeId;
    this.#platform = platform;
  }

  /** Decides on one block and, if it is new, takes the next offsets of its channel for it. */
  place(record: ChannelRecord, entry: Append): Placed {
    const repeated = this.#repeated(entry);
    if (repeated !== undefined) return repeated;
    const placed = this.#decide(record, entry);
    if (entry.push !== undefined && placed.verdict.kind !== 'refused')
      this.remember(entry.push.clientId, entry.push.n, placed.verdict);
    return placed;
  }

  /** How to forget what is remembered, of the clients of these entries, from now on. */
  checkpoint(entries: readonly Append[]): () => void {
    const before = new Map<string, ClientRecord | undefined>();
    for (const { push } of entries) {
      const client = push && this.clients.get(push.clientId);
      if (push !== undefined)
        before.set(push.clientId, client && { upTo: client.upTo, places: new Map(client.places) });
    }
    return () => {
      for (const [clientId, client] of before) {
        if (client === undefined) this.clients.delete(clientId);
        else this.clients.set(clientId, client);
      }
    };
  }

  remember(clientId: string, n: number, place: Place): void {
    let client = this.clients.get(clientId);
    if (client === undefined) this.clients.set(clientId, (client = { upTo: 0, places: new Map() }));
    client.upTo = Math.max(client.upTo, n);
    client.places.set(n, { logId: place.logId, offset: place.offset });
    client.places.delete(n - rememberedPushes);
  }

  #repeated({ push }: Append): Placed | undefined {
    const client = push && this.clients.get(push.clientId);
    if (push === undefined || client === undefined || push.n > client.upTo) return undefined;
    const place = client.places.get(push.n);
    // A later push of this client is stored: to store this one now would turn their order around.
    return place === undefined ? refused('STORAGE_FULL', 'It was refused before.') : known(place);
  }

  #decide(record: ChannelRecord, { block, blockId, jump }: Append): Placed {
    const key = block.header.keys?.[0];
    const keyed = key === undefined ? undefined : record.keys.get(key);
    if (isIdentified(block)) return this.#appendOf(record, block, keyed, jump);
    return keyed === undefined
      ? this.#append(record, this.#stamp(record, block, blockId))
      : known({ logId: record.logId, offset: keyed });
  }

  #stamp(record: ChannelRecord, block: Block, blockId = randomName(this.#platform)): IdentifiedBlock {
    const identity = { producerId: this.#storeId, sequence: record.own + 1, blockId };
    record.own += 1;
    return identified(block, identity);
  }

  /** The append rule, for a block that another producer made. One whose key is known fills its place in the sequence. */
  #appendOf(
    record: ChannelRecord,
    block: IdentifiedBlock,
    keyed: number | undefined,
    jump: boolean | undefined,
  ): Placed {
    const { producerId, sequence } = block.header;
    const state = record.producers.get(producerId) ?? newProducer;
    const decision = decide(state, block.header);
    if (decision.kind === 'duplicate') return known({ logId: record.logId, offset: decision.offset });
    if (decision.kind === 'CONFLICT')
      return refused('CONFLICT', `Block ${sequence} of producer ${producerId} is another one here.`);
    if (decision.kind === 'GAP' && jump !== true)
      return refused('GAP', `Producer ${producerId} is at ${state.sequence} here, not at ${sequence - 1}.`);
    const placed = keyed === undefined ? this.#append(record, block) : known({ logId: record.logId, offset: keyed });
    record.producers.set(producerId, advanced(state, block.header, keyed ?? record.head));
    return placed;
  }

  #append(record: ChannelRecord, block: IdentifiedBlock): Placed {
    if (record.logId === '') record.logId = randomName(this.#platform);
    // A skip fills its place in the sequence and holds no message.
    if (block.header.kind === 'skip') return { verdict: { kind: 'stored', logId: record.logId, offset: record.head } };
    record.head += block.header.count;
    record.bytes += sizeOf(block);
    for (const key of block.header.keys ?? []) record.keys.set(key, record.head);
    const stored = storedAt(block, record.logId, record.head, this.#platform.now());
    return { verdict: { kind: 'stored', logId: record.logId, offset: record.head }, block: stored };
  }
}
