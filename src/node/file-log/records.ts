// What is kept beside the messages: names and values, each with a stamp, in whichever journal the commit was that saved them.
// The highest stamp of a name counts.

import type { Records } from '../../core/log.ts';
import { systemPlatform } from '../../core/platform.ts';
import { decodedRecord, encodedRecord } from '../record-text.ts';
import type { Journal } from './journal.ts';
import type { Stamped } from './checkpoint.ts';

type Entry = readonly [stamp: string, value?: unknown];

/** A name that was removed is remembered so long, in milliseconds, for who is about to save an older value of it. */
const remembered = 60_000;
/** After so many records it is looked for what is no more needed. */
const tidyEvery = 256;

export class Stamps {
  readonly #storeId: string;
  #last = 0;
  #since = 0;

  constructor(storeId: string) {
    this.#storeId = storeId;
  }

  /** What comes now is later than what was read, whatever the clocks say. */
  seen(stamp: string): void {
    this.#last = Math.max(this.#last, Number(stamp.slice(0, 20)));
  }

  /** Later ones are greater, also where they lie in other journals. */
  stamp(records: Records): Stamped {
    this.#since += records.length;
    return records.map(([name, value]) => {
      this.#last = Math.max(this.#last + 1, systemPlatform.now() * 1000);
      const stamp = `${String(this.#last).padStart(20, '0')} ${this.#storeId}`;
      return value === undefined ? [name, stamp] : [name, stamp, encodedRecord(value)];
    });
  }

  /** Whether so much was stamped that it is time to tidy up. */
  isTime(): boolean {
    if (this.#since < tidyEvery) return false;
    this.#since = 0;
    return true;
  }
}

export async function newestIn(journals: readonly Journal[], prefix: string): Promise<ReadonlyMap<string, unknown>> {
  const newest = new Map<string, Entry>();
  for (const journal of journals) {
    await journal.advance();
    for (const [name, record] of journal.records) {
      const before = newest.get(name);
      if (name.startsWith(prefix) && (before === undefined || before[0] < record[0])) newest.set(name, record);
    }
  }
  const found = [...newest].filter(([, record]) => record.length > 1);
  return new Map(found.map(([name, [, value]]) => [name, decodedRecord(value as string)]));
}

/** What of each journal nobody needs: a newer one of its name is elsewhere, or all it says is that there was one. */
export function surplusIn(
  journals: readonly Journal[],
  now: number = systemPlatform.now(),
): ReadonlyMap<Journal, readonly (readonly [name: string, stamp: string])[]> {
  const places = new Map<string, (readonly [Journal, Entry])[]>();
  for (const journal of journals)
    for (const [name, entry] of journal.records) places.set(name, [...(places.get(name) ?? []), [journal, entry]]);
  const surplus = new Map<Journal, (readonly [string, string])[]>();
  const drop = (journal: Journal, name: string, stamp: string): void =>
    void surplus.set(journal, [...(surplus.get(journal) ?? []), [name, stamp]]);
  for (const [name, entries] of places) {
    const [newest, ...older] = entries.toSorted(([, [a]], [, [b]]) => (a < b ? 1 : -1)) as [
      readonly [Journal, Entry],
      ...(readonly [Journal, Entry])[],
    ];
    for (const [journal, [stamp]] of older) drop(journal, name, stamp);
    const [journal, entry] = newest;
    // While an older value is elsewhere, it must stay hidden.
    const isOld = Number(entry[0].slice(0, 20)) / 1000 < now - remembered;
    if (older.length === 0 && entry.length === 1 && isOld) drop(journal, name, entry[0]);
  }
  return surplus;
}
