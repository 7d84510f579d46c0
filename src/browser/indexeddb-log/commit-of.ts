// What one commit of appends writes: segments, what is new of channels, keys and
// producers, records, and the row of the journal.

import type { StoredBlock } from '../../core/block.ts';
import { isIdentified } from '../../core/ledger.ts';
import type { Placed } from '../../core/ledger.ts';
import type { Append } from '../../core/log.ts';
import type { ChannelState } from './channel-state.ts';
import type { Channels } from './channels.ts';
import type { ChannelRow, StoreName } from './database.ts';
import { writeRecords } from './saved-records.ts';
import type { Saved } from './saved-records.ts';
import type { Commit, Write } from './writer.ts';

/** Undefined if there is nothing to write. */
export function commitOf(
  entries: readonly Append[],
  placed: readonly Placed[],
  channels: Channels,
  saved: Saved,
): Commit | undefined {
  const stores = new Set<StoreName>(['segments']);
  const writes: Write[] = [];
  const segments = new Map<string, StoredBlock[]>();
  const changed = new Set<string>();
  const clients = new Map<string, (readonly [n: number, logId: string, offset: number])[]>();
  entries.forEach(({ block, push }, at) => {
    const { verdict, block: stored } = placed[at] as Placed;
    const { channelId } = block.header;
    if (verdict.kind === 'refused') return;
    if (push !== undefined) appendTo(clients, push.clientId, [push.n, verdict.logId, verdict.offset] as const);
    if (stored !== undefined) appendTo(segments, channelId, stored);
    if (verdict.kind === 'stored') changed.add(channelId);
    // A block whose key is known fills its place in the sequence, too.
    const counts = verdict.kind === 'stored' || block.header.keys !== undefined;
    if (counts && isIdentified(block))
      writes.push(producerWrite(channels.get(channelId), [channelId, block.header.producerId], stores));
    for (const key of stored?.header.keys ?? []) {
      stores.add('keys');
      writes.push((store) => void store('keys').put(stored?.offset, [channelId, key]));
    }
  });
  if (saved.size > 0) {
    stores.add('records');
    writes.push(writeRecords(saved));
  }
  if (segments.size + clients.size + writes.length === 0) return undefined;
  const rows = [...changed].map((channelId) =>
    channelWrite(channelId, channels.get(channelId), segments.get(channelId), stores, writes),
  );
  return {
    stores,
    write: (store) => writes.forEach((write) => write(store)),
    flush: entries.some((entry) => entry.flush === true),
    row: { channels: rows, clients: [...clients] },
  };
}

/** A skip changes its channel, and lies in no segment. */
function channelWrite(
  channelId: string,
  { row, committed }: ChannelState,
  blocks: StoredBlock[] | undefined,
  stores: Set<StoreName>,
  writes: Write[],
): readonly [string, ChannelRow] {
  if (blocks !== undefined) writes.push((store) => void store('segments').add(blocks, [channelId, row.head]));
  if (committed.logId === '') {
    stores.add('channels');
    writes.push((store) => void store('channels').put(row, channelId));
  }
  return [channelId, row];
}

function producerWrite(
  { record }: ChannelState,
  key: [channelId: string, producerId: string],
  stores: Set<StoreName>,
): Write {
  const state = record.producers.get(key[1]);
  stores.add('producers');
  return (store) => void store('producers').put(state, key);
}

function appendTo<T>(map: Map<string, T[]>, key: string, value: T): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
