// Commits. A transaction is made, filled and committed in one turn; nothing in it ever waits for JavaScript, so a host that
// hangs cannot hold its successor up. The journal row is its last request: in Firefox only that one aborts what was already
// told to commit, so the row is the fence.

import { unwrap } from 'idb';
import { busError, describe } from '../../core/errors.ts';
import { storageError } from './database.ts';
import type { ChannelRow, ClientRow, Database, JournalRow, StoreName } from './database.ts';

export const foldEvery = 256;

export type Write = (store: (name: StoreName) => IDBObjectStore) => void;

export interface Commit {
  readonly stores: Iterable<StoreName>;
  readonly write: Write;
  readonly flush?: boolean;
  readonly row?: JournalRow;
}

/** What is folded into the tables: all of it, as it is now. */
export interface Tables {
  readonly channels: Iterable<readonly [channelId: string, row: ChannelRow]>;
  readonly clients: Iterable<readonly [clientId: string, row: ClientRow]>;
}

export class Writer {
  readonly #database: Database;
  readonly #term: number;
  readonly #tables: () => Tables;
  #commits = 0;
  #folded = 0;

  constructor(database: Database, term: number, tables: () => Tables) {
    this.#database = database;
    this.#term = term;
    this.#tables = tables;
  }

  /** Resolves when it is on disk. Rejects with `STORAGE_FULL` if nothing was written, else with `HOST_LOST`. */
  async commit({ stores, write, flush = false, row = { channels: [], clients: [] } }: Commit): Promise<void> {
    const n = this.#commits + 1;
    const folding = n - this.#folded >= foldEvery;
    const names: readonly StoreName[] = [...stores, 'journal', ...(folding ? (['channels', 'clients'] as const) : [])];
    try {
      const wrapped = this.#database.transaction([...new Set(names)], 'readwrite', {
        durability: flush ? 'strict' : 'relaxed',
      });
      const transaction = unwrap(wrapped);
      const store = (name: StoreName): IDBObjectStore => transaction.objectStore(name);
      write(store);
      if (folding) this.#fold(store, n);
      store('journal').add(row, [this.#term, n]);
      transaction.commit();
      await wrapped.done;
    } catch (error) {
      throw commitError(error);
    }
    this.#commits = n;
    if (folding) this.#folded = n;
  }

  #fold(store: (name: StoreName) => IDBObjectStore, n: number): void {
    const { channels, clients } = this.#tables();
    for (const [channelId, row] of channels) store('channels').put(row, channelId);
    store('clients').clear();
    for (const [clientId, row] of clients) store('clients').put(row, clientId);
    store('journal').delete(IDBKeyRange.bound([this.#term, 1], [this.#term, n - 1]));
  }
}

/** A full disk refuses one commit; anything else may mean that another host has taken over. */
function commitError(error: unknown): Error {
  const what = storageError(error);
  if ((what as { code?: string }).code === 'STORAGE_FULL') return what;
  const why = error instanceof Error ? error.name : describe(error);
  return busError('HOST_LOST', `A commit failed (${why}).`, { accepted: 'unknown', retryable: true, cause: error });
}
