// Commits. A transaction is made, filled and committed in one turn; nothing in it ever waits for JavaScript, so a host that
// hangs cannot hold its successor up. The journal row is its last request: in Firefox only that one aborts what was already
// told to commit, so the row is the fence. Where an earlier request fails there (a full disk), the rest is written all the
// same, row and all: the commit is torn, and must be mended before the next one.

import { busError, describe } from '../../core/errors.ts';
import { storageError } from './database.ts';
import type { ChannelRow, ClientRow, Database, JournalRow, StoreName } from './database.ts';
import { commit } from './turns.ts';

const foldEvery = 256;

export type Write = (store: (name: StoreName) => IDBObjectStore) => void;

export interface Commit {
  readonly stores: Iterable<StoreName>;
  readonly write: Write;
  readonly flush?: boolean;
  readonly row?: JournalRow;
  /** All of it or nothing, whatever fails, in Firefox too; but a host that hangs meanwhile holds its successor up. */
  readonly whole?: boolean;
  /** Folds now. */
  readonly fold?: boolean;
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
  #torn = false;

  constructor(database: Database, term: number, tables: () => Tables) {
    this.#database = database;
    this.#term = term;
    this.#tables = tables;
  }

  /** Whether the last commit was written in part. */
  get isTorn(): boolean {
    return this.#torn;
  }

  /** Resolves when it is on disk. Rejects with `STORAGE_FULL` if the disk is full, else with `HOST_LOST`. */
  async commit(given: Commit): Promise<void> {
    const n = this.#commits + 1;
    const folding = given.fold === true || n - this.#folded >= foldEvery;
    const names: readonly StoreName[] = [
      ...given.stores,
      'journal',
      ...(folding ? (['channels', 'clients'] as const) : []),
    ];
    try {
      const { fence, failed } = await this.#database.write(
        names,
        (transaction) => this.#fill(transaction, given, n, folding),
        {
          durability: given.flush === true ? 'strict' : 'relaxed',
        },
      );
      this.#commits = n;
      // Mending is for whoever still has the term: for whoever's row was written.
      this.#torn = failed !== undefined && fence.error === null;
      if (failed !== undefined) throw failed;
    } catch (error) {
      throw commitError(error);
    }
    if (folding) this.#folded = n;
  }

  async #fill(
    transaction: IDBTransaction,
    { write, row = { channels: [], clients: [] }, whole = false }: Commit,
    n: number,
    folding: boolean,
  ): Promise<Filled> {
    const store = (name: StoreName): IDBObjectStore => transaction.objectStore(name);
    const end = ended(transaction);
    const fence = compose(transaction, () => {
      write(store);
      if (folding) this.#fold(store, n);
      const request = store('journal').add(row, [this.#term, n]);
      if (!whole) commit(transaction, request);
      return request;
    });
    return { fence, failed: await end };
  }

  #fold(store: (name: StoreName) => IDBObjectStore, n: number): void {
    const { channels, clients } = this.#tables();
    for (const [channelId, row] of channels) store('channels').put(row, channelId);
    store('clients').clear();
    for (const [clientId, row] of clients) store('clients').put(row, clientId);
    store('journal').delete(IDBKeyRange.bound([this.#term, 1], [this.#term, n - 1]));
  }
}

interface Filled {
  /** The request for the row of the journal. */
  readonly fence: IDBRequest;
  /** The error of a request, if the others are on disk. */
  readonly failed: Error | undefined;
}

/** Fills a transaction. If it cannot be filled to the end nothing of it is written: the row that is the fence comes last. */
function compose<T>(transaction: IDBTransaction, fill: () => T): T {
  try {
    return fill();
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It is aborted already.
    }
    throw error;
  }
}

/** Resolves when all of it is on disk, or with the error of a request if the others are on disk; rejects if none is. */
function ended(transaction: IDBTransaction): Promise<Error | undefined> {
  const end = new Promise<Error | undefined>((resolve, reject) => {
    let failed: Error | undefined;
    transaction.addEventListener('error', ({ target }) => (failed ??= (target as IDBRequest).error ?? undefined));
    transaction.addEventListener('complete', () => resolve(failed));
    transaction.addEventListener('abort', () =>
      reject(transaction.error ?? failed ?? new DOMException('It was aborted.', 'AbortError')),
    );
  });
  // Nobody waits for it if the transaction cannot even be filled.
  end.catch(() => undefined);
  return end;
}

/** A full disk refuses one commit; anything else may mean that another host has taken over. */
function commitError(error: unknown): Error {
  const what = storageError(error);
  if ((what as { code?: string }).code === 'STORAGE_FULL') return what;
  const why = error instanceof Error ? error.name : describe(error);
  return busError('HOST_LOST', `A commit failed (${why}).`, { accepted: 'unknown', retryable: true, cause: error });
}
