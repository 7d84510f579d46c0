// The database of one bus: its stores, and what can go wrong when it is opened.

import { openDB, unwrap, wrap } from 'idb';
import type { DBSchema, IDBPDatabase, IDBPTransaction } from 'idb';
import type { ProducerState } from '../../core/append-rule.ts';
import type { StoredBlock } from '../../core/block.ts';
import { busError, describe } from '../../core/errors.ts';
import { Turns } from './turns.ts';

/**
 * The version of the database: the only place that says which format it has. It rises when a build writes what the builds
 * before cannot read, or would spoil when they write: then `upgrade` rewrites what is there, from its `oldVersion`, in its own
 * transaction, and an older build is told `STORAGE_NEWER`. It does not rise for a field that may be missing and may be lost:
 * tabs of two builds share a bus, so an older host may follow a newer one. Either way a fixture of the build before goes to
 * test/engines/fixtures.
 */
const format = 1;

/** What a channel's record holds; its head is that of its last segment, if that is higher. */
export interface ChannelRow {
  readonly logId: string;
  readonly first: number;
  readonly head: number;
  readonly bytes: number;
  readonly own: number;
}

/** The last pushes of a client: `[n, logId, offset]`. */
export type ClientRow = readonly (readonly [n: number, logId: string, offset: number])[];

/** What a commit changed, in small: folded into the tables every 256 commits, and by the next host. */
export interface JournalRow {
  readonly channels: readonly (readonly [channelId: string, row: ChannelRow])[];
  readonly clients: readonly (readonly [clientId: string, pushes: ClientRow])[];
}

export interface Meta {
  readonly storeId: string;
  readonly term: number;
}

export interface BusSchema extends DBSchema {
  meta: { key: 'store'; value: Meta };
  /** All blocks of one channel from one commit, under the offset of the last message in them. */
  segments: { key: [channelId: string, lastOffset: number]; value: StoredBlock[] };
  channels: { key: string; value: ChannelRow };
  producers: { key: [channelId: string, producerId: string]; value: ProducerState };
  keys: { key: [channelId: string, key: string]; value: number };
  clients: { key: string; value: ClientRow };
  records: { key: string; value: unknown };
  /** One row a commit, and a blocker (an empty row) where each older term ended. */
  journal: { key: [term: number, n: number]; value: JournalRow };
}

export type StoreName = 'meta' | 'segments' | 'channels' | 'producers' | 'keys' | 'clients' | 'records' | 'journal';
const storeNames: readonly StoreName[] = [
  'meta',
  'segments',
  'channels',
  'producers',
  'keys',
  'clients',
  'records',
  'journal',
];

export function databaseName(bus: string): string {
  return `busline:${bus}`;
}

/** Opens it, or says why not: `STORAGE_NEWER`, `STORAGE_FULL` or `STORAGE_BLOCKED`. `onGone`: it was closed under us. */
export async function openDatabase(bus: string, onGone: (why: string) => void): Promise<Database> {
  try {
    const database = await openDB<BusSchema>(databaseName(bus), format, {
      upgrade(fresh) {
        for (const name of storeNames) if (!fresh.objectStoreNames.contains(name)) fresh.createObjectStore(name);
      },
      blocking: () => onGone('The database is being deleted or upgraded.'),
      terminated: () => onGone('The browser closed the database.'),
    });
    return new Database(unwrap(database as IDBPDatabase));
  } catch (error) {
    throw storageError(error);
  }
}

export type Reading<Names extends StoreName> = IDBPTransaction<BusSchema, Names[]>;

/** All transactions are made here. */
export class Database {
  readonly #raw: IDBDatabase;
  readonly #turns = new Turns();

  constructor(raw: IDBDatabase) {
    this.#raw = raw;
  }

  /** All that is to be read together is asked for at once. */
  read<Names extends StoreName, T>(
    stores: readonly Names[],
    ask: (transaction: Reading<Names>) => Promise<T>,
  ): Promise<T> {
    return this.#turns.take(
      () => this.#raw.transaction(stores),
      (raw) => {
        const transaction = wrap(raw) as unknown as Reading<Names>;
        // A read that fails says so by its request: that its transaction failed with it need not be reported as uncaught besides.
        transaction.done.catch(() => undefined);
        return ask(transaction);
      },
    );
  }

  /** Filled, and told to commit if it is to be, in the turn that made it: nothing in it ever waits for JavaScript. */
  write<T>(
    stores: Iterable<StoreName>,
    fill: (transaction: IDBTransaction) => Promise<T>,
    options?: IDBTransactionOptions,
  ): Promise<T> {
    return this.#turns.take(() => this.#raw.transaction([...new Set(stores)], 'readwrite', options), fill);
  }

  close(): void {
    this.#raw.close();
  }
}

/** What an error of IndexedDB means to the bus. */
export function storageError(error: unknown): Error {
  const { name = '' } = (error ?? {}) as { name?: string };
  if (name === 'VersionError') return busError('STORAGE_NEWER', 'The database has a newer format.', { cause: error });
  if (name === 'QuotaExceededError')
    return busError('STORAGE_FULL', 'The quota of this origin is used up.', { cause: error, retryable: true });
  return busError('STORAGE_BLOCKED', `IndexedDB cannot be opened (${name || describe(error)}).`, { cause: error });
}
