// What entries would change: placed in the ledger, written down as a commit, and taken back if it cannot be stored.

import type { ProducerState } from '../../core/append-rule.ts';
import type { StoredBlock } from '../../core/block.ts';
import { isIdentified } from '../../core/ledger.ts';
import type { ChannelRecord, Ledger, Placed } from '../../core/ledger.ts';
import type { Append, Records } from '../../core/log.ts';
import type { ChannelRow, Commit, ProducerRow, PushRow, RecordRow } from './commit.ts';

export class Proposal {
  readonly placed: readonly Placed[];
  readonly #storeId: string;
  readonly #ledger: Ledger;
  readonly #undo: (() => void)[];
  readonly #channels = new Map<string, ChannelRecord>();
  readonly #producers: ProducerRow[] = [];
  readonly #pushes: PushRow[] = [];
  readonly #records: RecordRow[] = [];

  constructor(
    storeId: string,
    ledger: Ledger,
    entries: readonly Append[],
    saved: Records,
    record: (channelId: string) => ChannelRecord,
  ) {
    this.#storeId = storeId;
    this.#ledger = ledger;
    this.#undo = [ledger.checkpoint(entries)];
    this.placed = entries.map((entry) => this.#place(record(entry.block.header.channelId), entry));
    this.#records.push(...rowsOf(saved));
  }

  /** Undefined if there is nothing to write. */
  get commit(): Commit | undefined {
    const channels = [...this.#channels].map(([channelId, record]) => channelRow(channelId, record));
    const blocks: readonly StoredBlock[] = this.placed.flatMap(({ block }) => block ?? []);
    const commit: Commit = {
      store: this.#storeId,
      ...(channels.length > 0 && { channels }),
      ...(this.#producers.length > 0 && { producers: this.#producers }),
      ...(this.#pushes.length > 0 && { pushes: this.#pushes }),
      ...(this.#records.length > 0 && { records: this.#records }),
      ...(blocks.length > 0 && { blocks }),
    };
    return Object.keys(commit).length > 1 ? commit : undefined;
  }

  /** It was not written: no offset was given, and nothing is remembered. */
  takeBack(): void {
    for (const back of this.#undo.toReversed()) back();
  }

  #place(record: ChannelRecord, entry: Append): Placed {
    const { block, push } = entry;
    const { channelId } = block.header;
    const isRepeated = push !== undefined && this.#ledger.clients.get(push.clientId)?.places.has(push.n) === true;
    const producerId = isIdentified(block) ? block.header.producerId : undefined;
    const before = producerId === undefined ? undefined : record.producers.get(producerId);
    const { logId, head, bytes, own } = record;
    const placed = this.#ledger.place(record, entry);
    this.#undo.push(() => {
      Object.assign(record, { logId, head, bytes, own });
      for (const key of placed.block?.header.keys ?? []) record.keys.delete(key);
      if (producerId !== undefined) restore(record.producers, producerId, before);
    });
    const { verdict } = placed;
    if (verdict.kind === 'refused') return placed;
    const after = producerId === undefined ? undefined : record.producers.get(producerId);
    if (producerId !== undefined && after !== undefined && after !== before)
      this.#producers.push([channelId, producerId, after.sequence, ...(after.recent.at(-1) as [string, number])]);
    if (push !== undefined && !isRepeated) this.#pushes.push([push.clientId, push.n, verdict.logId, verdict.offset]);
    if (verdict.kind === 'stored') {
      this.#channels.set(channelId, record);
      this.#records.push(...rowsOf(entry.records ?? []));
    }
    return placed;
  }
}

export function channelRow(channelId: string, { logId, head, own }: ChannelRecord): ChannelRow {
  return [channelId, logId, head, own];
}

/** An `undefined` in a list would come back as null. */
function rowsOf(records: Records): readonly RecordRow[] {
  return records.map(([name, value]) => (value === undefined ? [name] : [name, value]));
}

function restore(producers: Map<string, ProducerState>, producerId: string, state: ProducerState | undefined): void {
  if (state === undefined) producers.delete(producerId);
  else producers.set(producerId, state);
}
