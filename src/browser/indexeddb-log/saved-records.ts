// What is saved beside the messages, as it was last committed: from here is put back what a torn commit has overwritten.

import type { Append, Records } from '../../core/log.ts';
import type { Placed } from '../../core/ledger.ts';
import type { Database } from './database.ts';
import type { Write } from './writer.ts';

/** By name, what is there at the end of a commit; `undefined` where nothing is. */
export type Saved = ReadonlyMap<string, unknown>;

/** What one caller gave: entries with their records, or records alone. */
export interface Given {
  readonly entries: readonly Append[];
  readonly records?: Records;
}

/** What these save, in their order; of entries only those that were stored. */
export function savedBy(group: readonly Given[], placed: readonly Placed[]): Saved {
  let at = 0;
  return new Map(
    group.flatMap(({ entries, records = [] }) => [
      ...entries.flatMap((entry) => (placed[at++]?.verdict.kind === 'stored' ? (entry.records ?? []) : [])),
      ...records,
    ]),
  );
}

export function writeRecords(saved: Saved): Write {
  return (store) => {
    for (const [name, value] of saved) {
      if (value === undefined) store('records').delete(name);
      else store('records').put(value, name);
    }
  };
}

export class SavedRecords {
  readonly #database: Database;
  /** Of every name that a commit under way may write. */
  readonly #committed = new Map<string, unknown>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whether something must be read before these can be written. */
  lacks(group: readonly Given[]): boolean {
    return group.some(
      ({ entries, records }) => this.#lacks(records) || entries.some((entry) => this.#lacks(entry.records)),
    );
  }

  async prepare(group: readonly Given[]): Promise<void> {
    const names = new Set<string>();
    for (const { entries, records = [] } of group)
      for (const [name] of [...records, ...entries.flatMap((entry) => entry.records ?? [])]) names.add(name);
    await this.#database.read(['records'], (transaction) => {
      const store = transaction.objectStore('records');
      const load = async (name: string): Promise<void> => void this.#committed.set(name, await store.get(name));
      return Promise.all([...names].filter((name) => !this.#committed.has(name)).map(load));
    });
  }

  /** These are on disk. What is removed is forgotten: names may come and go without end. */
  commit(saved: Saved): void {
    for (const [name, value] of saved) {
      if (value === undefined) this.#committed.delete(name);
      else this.#committed.set(name, value);
    }
  }

  /** As it was before these were to be written. */
  before(saved: Saved): Saved {
    return new Map([...saved.keys()].map((name) => [name, this.#committed.get(name)]));
  }

  async read(prefix: string): Promise<ReadonlyMap<string, unknown>> {
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const [names, values] = await this.#database.read(['records'], (transaction) => {
      const store = transaction.objectStore('records');
      return Promise.all([store.getAllKeys(range), store.getAll(range)]);
    });
    return new Map(names.map((name, at) => [name, values[at]]));
  }

  #lacks(records: Records = []): boolean {
    return records.some(([name]) => !this.#committed.has(name));
  }
}
