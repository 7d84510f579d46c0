// Who may write. Each host takes a term; its commits are numbered, and the row [term, n] is the last thing each of them adds.
// A new host folds what the old one journaled into the tables and puts a blocker where the old one's next row would go:
// from then on every commit of the old host fails as a whole, however late it wakes.

import { wrap } from 'idb';
import type { IDBPTransaction } from 'idb';
import type { BusSchema, ChannelRow, ClientRow, Database, JournalRow, Meta, StoreName } from './database.ts';
import { busError } from '../../core/errors.ts';
import { randomName } from '../../core/platform.ts';
import type { Platform } from '../../core/platform.ts';
import { rememberedPushes } from '../../core/ledger.ts';

/** Blockers kept: a host that slept through more successors than this has long been dead. */
const keptTerms = 64;
const all = Number.MAX_SAFE_INTEGER;
const blocker: JournalRow = { channels: [], clients: [] };

export interface Term {
  readonly storeId: string;
  readonly term: number;
  readonly clients: ReadonlyMap<string, ClientRow>;
}

interface Before {
  readonly meta: Meta;
  /** The number of the old term's last commit. */
  readonly last: number;
  readonly channels: ReadonlyMap<string, ChannelRow>;
  readonly clients: ReadonlyMap<string, ClientRow>;
  /** The old term's last row, if its blocks are missing. */
  readonly torn: JournalRow | undefined;
}

/** A push may be in both: the commit that folds the tables has a row, too. */
function mergePushes(older: ClientRow, newer: ClientRow): ClientRow {
  return [...new Map([...older, ...newer].map((push) => [push[0], push])).values()].slice(-rememberedPushes);
}

function fold(
  rows: readonly JournalRow[],
  stored: ReadonlyMap<string, ClientRow>,
): Pick<Before, 'channels' | 'clients'> {
  const channels = new Map<string, ChannelRow>();
  const clients = new Map(stored);
  for (const row of rows) {
    for (const [channelId, channel] of row.channels) channels.set(channelId, channel);
    for (const [clientId, pushes] of row.clients)
      clients.set(clientId, mergePushes(clients.get(clientId) ?? [], pushes));
  }
  return { channels, clients };
}

/** Firefox may write a row without its blocks, and who was to mend that may have died before. */
async function isTorn(database: Database, row: JournalRow | undefined): Promise<boolean> {
  const withBlocks = (row?.channels ?? []).filter(([, { first, head }]) => first <= head);
  if (withBlocks.length === 0) return false;
  const keys = await database.read(['segments'], (transaction) => {
    const segments = transaction.objectStore('segments');
    return Promise.all(withBlocks.map(([channelId, { head }]) => segments.getKey([channelId, head])));
  });
  return keys.includes(undefined);
}

async function readBefore(database: Database, platform: Platform): Promise<Before> {
  const read = await database.read(['meta', 'journal', 'clients'], (transaction) => {
    const journal = transaction.objectStore('journal');
    const clients = transaction.objectStore('clients');
    return Promise.all([
      transaction.objectStore('meta').get('store'),
      journal.getAllKeys(),
      journal.getAll(),
      clients.getAllKeys(),
      clients.getAll(),
    ]);
  });
  const [meta = { storeId: randomName(platform), term: 0 }, keys, rows, clientIds, clientRows] = read;
  const own = rows.filter((_, at) => keys[at]?.[0] === meta.term);
  const last = keys.reduce((highest, [term, n]) => (term === meta.term ? Math.max(highest, n) : highest), 0);
  const torn = (await isTorn(database, own.at(-1))) ? own.pop() : undefined;
  const stored = new Map(clientIds.map((clientId, at) => [clientId, clientRows[at] as ClientRow]));
  return { meta, last, torn, ...fold(own, stored) };
}

const touched = ['meta', 'segments', 'channels', 'clients', 'journal'] as const satisfies readonly StoreName[];
type Succession = IDBPTransaction<BusSchema, (typeof touched)[number][], 'readwrite'>;

/** Writes all of it or nothing; undefined if the old host committed once more meanwhile. */
async function succeed(
  transaction: Succession,
  before: Before,
  isAlive: (clientId: string) => boolean,
): Promise<Term | undefined> {
  const { meta, last, torn } = before;
  const term = meta.term + 1;
  const clients = new Map([...before.clients].filter(([clientId]) => isAlive(clientId)));
  const segments = transaction.objectStore('segments');
  const channelStore = transaction.objectStore('channels');
  const clientStore = transaction.objectStore('clients');
  const journal = transaction.objectStore('journal');
  const writes: Promise<unknown>[] = [transaction.objectStore('meta').put({ ...meta, term }, 'store')];
  for (const [channelId, { head }] of torn?.channels ?? []) writes.push(segments.delete([channelId, head]));
  for (const [channelId, row] of before.channels) writes.push(channelStore.put(row, channelId));
  writes.push(clientStore.clear());
  for (const [clientId, row] of clients) writes.push(clientStore.put(row, clientId));
  writes.push(journal.delete(IDBKeyRange.bound([meta.term, 0], [meta.term, last])));
  writes.push(journal.delete(IDBKeyRange.bound([0, 0], [Math.max(0, meta.term - keptTerms), all])));
  writes.push(journal.add(blocker, [meta.term, last + 1]));
  const results = await Promise.allSettled([...writes, transaction.done]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) return { storeId: meta.storeId, term, clients };
  if (results.some((result) => result.status === 'rejected' && (result.reason as Error).name === 'ConstraintError'))
    return undefined;
  throw failed.reason;
}

export interface TermOptions {
  readonly platform: Platform;
  /** Which clients may still repeat a push. */
  readonly isAlive: (clientId: string) => boolean;
  /** Whoever wanted it has ended: a host that works must not be robbed for it. */
  readonly isOver?: () => boolean;
}

/** Takes the next term. */
export async function takeTerm(database: Database, { platform, isAlive, isOver }: TermOptions): Promise<Term> {
  for (;;) {
    const before = await readBefore(database, platform);
    if (isOver?.() === true) throw busError('HOST_LOST', 'The host has ended.', { retryable: true });
    // It is not told to commit: then Firefox, too, writes all of it or nothing.
    const taken = await database.write(touched, (transaction) =>
      succeed(wrap(transaction) as unknown as Succession, before, isAlive),
    );
    if (taken !== undefined) return taken;
  }
}
