// What a journal says, told by folding its records in the order in which they lie in the file. Whoever folds the same file
// comes to the same end: a record is only a proposal, and here it is decided what becomes of it.

import { advanced, decide, newProducer } from '../../core/append-rule.ts';
import type { ProducerState } from '../../core/append-rule.ts';
import { sizeOf } from '../../core/block.ts';
import type { Header, StoredBlock } from '../../core/block.ts';
import type { Verdict } from '../../core/log.ts';
import type { Line, Proposal, Replacement, Stamped } from './line.ts';

/** How many pushes of a client are remembered; it never has more in flight. */
const rememberedPushes = 32;

interface Client {
  upTo: number;
  readonly places: [n: number, offset: number][];
}

/** Everything that later records are decided by. */
export interface Checkpoint {
  readonly logId: string;
  readonly first: number;
  readonly head: number;
  readonly bytes: number;
  readonly producers: readonly (readonly [string, ProducerState])[];
  readonly clients: readonly (readonly [
    string,
    { readonly upTo: number; readonly places: readonly [number, number][] },
  ])[];
  readonly keys: readonly (readonly [string, number])[];
  readonly records: Stamped;
  readonly replaced: readonly (readonly [number, Replacement])[];
}

/** What became of a record. */
export interface Folded {
  /** By what its proposer knows it again. */
  readonly id: string | undefined;
  readonly verdict?: Verdict;
  readonly block?: StoredBlock;
  /** Nothing became of it, because its segment was sealed before: it is to be proposed again. */
  readonly isVoid?: boolean;
}

type BlockProposal = Extract<Proposal, { t: 'block' }>;

function refused(code: 'CONFLICT' | 'GAP' | 'STORAGE_FULL', why: string): Verdict {
  return { kind: 'refused', code, why };
}

export class Fold {
  logId: string;
  first: number;
  head: number;
  bytes: number;
  readonly records: Map<string, readonly [stamp: string, value?: unknown]>;
  readonly #replaced: Map<number, Replacement>;
  readonly #producers: Map<string, ProducerState>;
  readonly #clients: Map<string, Client>;
  readonly #keys: Map<string, number>;
  #isSealed = false;

  constructor(from: Checkpoint) {
    this.logId = from.logId;
    this.first = from.first;
    this.head = from.head;
    this.bytes = from.bytes;
    this.#producers = new Map(from.producers);
    this.#clients = new Map(from.clients.map(([id, { upTo, places }]) => [id, { upTo, places: [...places] }]));
    this.#keys = new Map(from.keys);
    this.#replaced = new Map(from.replaced);
    this.records = new Map(from.records.map(([name, ...rest]) => [name, rest]));
  }

  get isSealed(): boolean {
    return this.#isSealed;
  }

  /** For the segment after this one. */
  get checkpoint(): Checkpoint {
    return {
      logId: this.logId,
      first: this.first,
      head: this.head,
      bytes: this.bytes,
      producers: [...this.#producers],
      clients: [...this.#clients],
      keys: [...this.#keys],
      records: [...this.records].map(([name, rest]) => [name, ...rest]),
      replaced: [...this.#replaced],
    };
  }

  take({ proposal, body }: Line): Folded {
    const id = 'block' in proposal ? proposal.block : 'id' in proposal ? proposal.id : undefined;
    if (this.#isSealed) return { id, isVoid: true };
    switch (proposal.t) {
      case 'block':
        return { id, ...this.#block(proposal, body) };
      case 'records':
        this.#save(proposal.records);
        return { id };
      case 'forget':
        this.#clients.delete(proposal.clientId);
        return { id };
      case 'trim':
        this.#trim(proposal);
        return { id };
      case 'replace':
        if (proposal.offset >= this.first) {
          this.#replaced.set(proposal.offset, proposal.body);
          this.bytes += proposal.bytes;
        }
        return { id };
      case 'seal':
        this.#isSealed = true;
        return { id };
      default:
        return { id };
    }
  }

  #trim({ from, upTo, bytes }: Extract<Proposal, { t: 'trim' }>): void {
    if (from !== this.first) return;
    this.first = upTo + 1;
    this.bytes -= bytes;
    for (const [key, offset] of this.#keys) if (offset < this.first) this.#keys.delete(key);
    for (const offset of this.#replaced.keys()) if (offset < this.first) this.#replaced.delete(offset);
  }

  /** With the body that it has now. */
  current(block: StoredBlock): StoredBlock {
    const body = this.#replaced.get(block.offset);
    if (body?.block !== block.header.blockId) return block;
    const { header, logId, offset, appendedAt } = block;
    return { header, logId, offset, appendedAt, ...bodyOf(body.json, body.bytes) };
  }

  #block(proposal: BlockProposal, body: string): Omit<Folded, 'id'> {
    const { push } = proposal;
    const client = push === undefined ? undefined : this.#clients.get(push[0]);
    if (push !== undefined && client !== undefined && push[1] <= client.upTo) {
      const place = client.places.find(([n]) => n === push[1]);
      // A later push of this client is stored: to store this one now would turn their order around.
      return {
        verdict: place === undefined ? refused('STORAGE_FULL', 'It was refused before.') : this.#known(place[1]),
      };
    }
    const decided = this.#decide(proposal, body);
    if (push !== undefined && decided.verdict.kind !== 'refused') this.#remember(push, decided.verdict.offset);
    if (decided.verdict.kind === 'stored') this.#save(proposal.records ?? []);
    return decided;
  }

  #decide(proposal: BlockProposal, body: string): { verdict: Verdict; block?: StoredBlock } {
    const { producer, block: blockId } = proposal;
    const header = proposal.header as Header;
    const key = header.keys?.[0];
    const keyed = key === undefined ? undefined : this.#keys.get(key);
    const state = this.#producers.get(producer) ?? newProducer;
    const isOwn = proposal.sequence === undefined;
    const again = isOwn ? state.recent.find(([id]) => id === blockId) : undefined;
    if (again !== undefined) return { verdict: this.#known(again[1]) };
    if (isOwn && keyed !== undefined) return { verdict: this.#known(keyed) };
    const sequence = proposal.sequence ?? state.sequence + 1;
    const identity = { producerId: producer, sequence, blockId };
    const decision = decide(state, identity);
    if (decision.kind === 'duplicate') return { verdict: this.#known(decision.offset) };
    if (decision.kind === 'CONFLICT')
      return { verdict: refused('CONFLICT', `Block ${sequence} of producer ${producer} is another one here.`) };
    if (decision.kind === 'GAP')
      return {
        verdict: refused('GAP', `Producer ${producer} is at ${state.sequence} here, not at ${sequence - 1}.`),
      };
    const isMessage = keyed === undefined && header.kind !== 'skip';
    if (isMessage) this.head += header.count;
    const offset = keyed ?? this.head;
    this.#producers.set(producer, advanced(state, identity, offset));
    if (keyed !== undefined) return { verdict: this.#known(keyed) };
    const verdict = { kind: 'stored', logId: this.logId, offset } as const;
    if (!isMessage) return { verdict };
    if (key !== undefined) this.#keys.set(key, offset);
    const block = this.stored(proposal, body, identity.sequence, offset);
    this.bytes += sizeOf(block);
    return { verdict, block };
  }

  stored(proposal: BlockProposal, json: string, sequence: number, offset: number): StoredBlock {
    const { producer: producerId, block: blockId, at: appendedAt, bytes } = proposal;
    const header = { ...(proposal.header as Header), producerId, sequence, blockId };
    return { header, ...bodyOf(json, bytes), logId: this.logId, offset, appendedAt };
  }

  #known(offset: number): Verdict & { kind: 'known' } {
    return { kind: 'known', logId: this.logId, offset };
  }

  #remember([clientId, n]: readonly [string, number], offset: number): void {
    const client = this.#clients.get(clientId) ?? { upTo: 0, places: [] };
    this.#clients.set(clientId, client);
    client.upTo = Math.max(client.upTo, n);
    client.places.push([n, offset]);
    if (client.places.length > rememberedPushes) client.places.shift();
  }

  /** What was saved last counts, wherever it lies. */
  #save(records: Stamped): void {
    for (const [name, ...rest] of records) {
      const before = this.records.get(name);
      if (before === undefined || before[0] < rest[0]) this.records.set(name, rest);
    }
  }
}

function bodyOf(json: string, bytes: readonly string[] | undefined): { json: string; buffers?: Uint8Array[] } {
  const buffers = bytes?.map((text) => new Uint8Array(Buffer.from(text, 'base64')));
  return { json, ...(buffers && { buffers }) };
}
