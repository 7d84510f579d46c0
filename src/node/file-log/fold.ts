// What a journal says, told by folding its records in the order in which they lie in the file. Whoever folds the same file
// comes to the same end: a record is only a proposal, and here it is decided what becomes of it.

import { advanced, decide, newProducer } from '../../core/append-rule.ts';
import type { ProducerState } from '../../core/append-rule.ts';
import { identified, sizeOf, storedAt } from '../../core/block.ts';
import type { Header, StoredBlock } from '../../core/block.ts';
import { rememberedPushes } from '../../core/ledger.ts';
import type { Verdict } from '../../core/log.ts';
import type { Checkpoint, Stamped } from './checkpoint.ts';
import { GroupsFold } from './groups-fold.ts';
import type { GroupProposal, GroupResult } from './group-proposal.ts';
import { idOf } from './line.ts';
import type { BlockProposal, Line, Proposal, ReadLine } from './line.ts';

/** Of more producers only those are remembered whose blocks are kept. */
const mostProducers = 5000;
/** Clients whose process died were not forgotten by anybody. */
const mostClients = 5000;

interface Client {
  upTo: number;
  readonly places: [n: number, offset: number][];
}

/** What became of a record. */
export interface Folded {
  readonly id: string | undefined;
  readonly verdict?: Verdict;
  readonly block?: StoredBlock;
  readonly group?: { readonly name: string; readonly result: GroupResult };
  /** This segment was written anew. */
  readonly rewritten?: number;
  /** Nothing became of it, because its segment was sealed before: it is to be proposed again. */
  readonly isVoid?: boolean;
}

function refused(code: 'CONFLICT' | 'GAP' | 'STORAGE_FULL', why: string): Verdict {
  return { kind: 'refused', code, why };
}

export class Fold {
  readonly channelId: string;
  readonly segment: number;
  readonly start: number;
  readonly logId: string;
  first: number;
  head: number;
  bytes: number;
  readonly groups: GroupsFold;
  readonly records: Map<string, readonly [stamp: string, value?: unknown]>;
  readonly segments: readonly (readonly [segment: number, start: number])[];
  /** Its segment was written anew, and does not say what was before it: the next one does. */
  readonly isPartial: boolean;
  readonly #resized: Map<number, readonly [size: number, generation: number]>;
  readonly #producers: Map<string, ProducerState>;
  readonly #clients: Map<string, Client>;
  readonly #keys: Map<string, number>;
  #isSealed = false;
  /** The highest of the stamps that were read. */
  lastStamp = '';
  /** Records before this one could not be read: what they were is not known. */
  isDamaged = false;

  constructor(from: Checkpoint) {
    this.channelId = from.channelId;
    this.segment = from.segment;
    this.start = from.head;
    this.logId = from.logId;
    this.first = from.first;
    this.head = from.head;
    this.bytes = from.bytes;
    this.segments = from.segments;
    this.isPartial = from.segments.length === 0 && from.first <= from.head;
    this.#producers = new Map(from.producers);
    this.#clients = new Map(from.clients.map(([id, { upTo, places }]) => [id, { upTo, places: [...places] }]));
    this.#keys = new Map(from.keys);
    this.#resized = new Map(from.resized.map(([offset, ...now]) => [offset, now]));
    this.groups = new GroupsFold(from.channelId, from.groups);
    this.records = new Map(from.records.map(([name, ...rest]) => [name, rest]));
    for (const [stamp] of this.records.values()) if (stamp > this.lastStamp) this.lastStamp = stamp;
  }

  get isSealed(): boolean {
    return this.#isSealed;
  }

  /** Segments that hold blocks which are kept, this one among them. */
  get kept(): readonly (readonly [segment: number, start: number])[] {
    const all = [...this.segments, [this.segment, this.start] as const];
    return all.filter(([segment, start], at) => {
      const end = all[at + 1]?.[1] ?? this.head;
      return (start < end && end >= this.first) || (segment === this.segment && !this.#isSealed);
    });
  }

  knows(clientId: string): boolean {
    return this.#clients.has(clientId);
  }

  /** What comes now is void. */
  seal(): void {
    this.#isSealed = true;
  }

  /** For the segment after this one. */
  get checkpoint(): Checkpoint {
    return {
      channelId: this.channelId,
      segment: this.segment + 1,
      logId: this.logId,
      first: this.first,
      head: this.head,
      bytes: this.bytes,
      segments: this.kept,
      producers: this.#rememberedProducers(),
      clients: [...this.#clients].slice(-mostClients),
      keys: [...this.#keys],
      records: [...this.records].map(([name, rest]) => [name, ...rest]),
      resized: [...this.#resized].map(([offset, now]) => [offset, ...now]),
      groups: this.groups.checkpoint,
    };
  }

  take({ proposal, body, isWhole }: ReadLine): Folded {
    const id = idOf(proposal);
    if (this.#isSealed) return { id, isVoid: true };
    switch (proposal.t) {
      case 'block':
        // Nothing is spread for each block: see `identified`.
        return Object.assign({ id }, this.#block(proposal, isWhole ? body : lostBody(proposal)));
      case 'group':
        return { id, group: { name: proposal.group, result: this.#group(proposal) } };
      case 'records':
        this.#save(proposal.records);
        return { id };
      case 'drop':
        for (const [name, stamp] of proposal.records)
          if ((this.records.get(name)?.[0] ?? '~') <= stamp) this.records.delete(name);
        return { id };
      case 'forget':
        this.#clients.delete(proposal.clientId);
        return { id };
      case 'trim':
        this.#trim(proposal);
        return { id };
      case 'replace':
        this.#resize(proposal);
        return { id, rewritten: proposal.segment };
      case 'seal':
        this.seal();
        return { id };
      case 'checkpoint':
      case 'gone':
      default:
        return { id };
    }
  }

  /** As it lies in the log; where its body has come to harm, it holds messages that are gone. */
  stored({ proposal, body, isWhole }: ReadLine, sequence: number, offset: number): StoredBlock {
    const block = proposal as BlockProposal;
    return this.#stored(block, isWhole ? body : lostBody(block), sequence, offset);
  }

  #rememberedProducers(): Checkpoint['producers'] {
    const all = [...this.#producers];
    if (all.length <= mostProducers) return all;
    return all.filter(([, { recent }]) => (recent.at(-1)?.[1] ?? 0) >= this.first);
  }

  #group(proposal: GroupProposal): GroupResult {
    // A claim tells how far its process had read.
    if (proposal.how === 'claim') this.#reached(proposal.head);
    return this.groups.take(proposal, this);
  }

  /** Of blocks that cannot be read it is known only later how many messages they had. */
  #reached(head: number | undefined): void {
    if (this.isDamaged && head !== undefined && head > this.head) this.head = head;
  }

  /** What was written last counts, whoever says so first. */
  #resize({ offset, was, size, generation }: Extract<Proposal, { t: 'replace' }>): void {
    const [before, last] = this.#resized.get(offset) ?? [was, 0];
    if (offset < this.first || generation <= last) return;
    this.bytes += size - before;
    this.#resized.set(offset, [size, generation]);
  }

  #trim({ from, upTo, bytes }: Extract<Proposal, { t: 'trim' }>): void {
    if (from !== this.first) return;
    this.first = upTo + 1;
    this.bytes = this.first > this.head ? 0 : this.bytes - bytes;
    for (const [key, offset] of this.#keys) if (offset < this.first) this.#keys.delete(key);
    for (const offset of this.#resized.keys()) if (offset < this.first) this.#resized.delete(offset);
    this.groups.trimmed(this.first);
  }

  #block(proposal: BlockProposal, body: string): Omit<Folded, 'id'> {
    if (proposal.kept !== undefined) return { block: this.#keep(proposal, body, proposal.kept) };
    this.#reached(proposal.head);
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

  #keep(proposal: BlockProposal, body: string, { offset, size }: NonNullable<BlockProposal['kept']>): StoredBlock {
    this.head = offset;
    this.bytes += size;
    return this.#stored(proposal, body, proposal.sequence as number, offset);
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
    if (decision.kind === 'GAP' && !this.isDamaged && proposal.jump !== true)
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
    const block = this.#stored(proposal, body, identity.sequence, offset);
    this.bytes += sizeOf(block);
    this.groups.marks.add(header, offset);
    return { verdict, block };
  }

  #stored(proposal: BlockProposal, json: string, sequence: number, offset: number): StoredBlock {
    const { producer: producerId, block: blockId, at, bytes } = proposal;
    const header = proposal.header as Header;
    const block = bytes === undefined ? { header, json } : { header, json, buffers: bytes.map(bytesOf) };
    return storedAt(identified(block, { producerId, sequence, blockId }), this.logId, offset, Date.parse(at));
  }

  #known(offset: number): Verdict & { kind: 'known' } {
    return { kind: 'known', logId: this.logId, offset };
  }

  #remember([clientId, n]: readonly [string, number], offset: number): void {
    const client = this.#clients.get(clientId) ?? { upTo: 0, places: [] };
    // The one that was heard of last stands last.
    this.#clients.delete(clientId);
    this.#clients.set(clientId, client);
    client.upTo = Math.max(client.upTo, n);
    client.places.push([n, offset]);
    if (client.places.length > rememberedPushes) client.places.shift();
  }

  /** What was saved last counts, wherever it lies. */
  #save(records: Stamped): void {
    for (const [name, ...rest] of records) {
      if (rest[0] > this.lastStamp) this.lastStamp = rest[0];
      const before = this.records.get(name);
      if (before === undefined || before[0] < rest[0]) this.records.set(name, rest);
    }
  }
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** As many messages, all of them deleted. */
function lostBody({ header }: BlockProposal): string {
  return JSON.stringify(Array.from({ length: (header as Header).count }, () => ({ deleted: true })));
}

/** What a segment that is written anew begins with: its blocks tell the rest. */
export function beginningOf({ checkpoint, segment, start }: Fold): Line {
  const nothing = { producers: [], clients: [], keys: [], records: [], resized: [], segments: [] };
  const groups = { now: 0, marks: [], groups: [] };
  const state = { ...checkpoint, ...nothing, segment, head: start, bytes: 0, groups };
  return { proposal: { t: 'checkpoint', state }, body: '' };
}
