// The commits of one term in localStorage. Each is one `setItem`, so it is there as a whole or not at all; whatever takes
// several steps (folding, trimming) is in order after each of them.

import type { StoredBlock } from '../../core/block.ts';
import type { Change, Commit } from './commit.ts';
import type { Keys, Texts } from './keys.ts';
import type { Entry, Restored } from './restore.ts';
import { isQuota } from './storage-error.ts';
import { toText } from './text.ts';

/** What may gather before it is folded: commits, and characters in commits that hold no messages. */
const foldEvery = 128;
const foldSize = 256 * 1024;
/** Held back for what deletes: it must be written before it can free anything. */
const spare = '.'.repeat(16 * 1024);

export class Journal {
  readonly #storage: Texts;
  readonly #keys: Keys;
  readonly #storeId: string;
  readonly #term: number;
  /** All that the log holds but its messages. */
  readonly #all: () => Change;
  /** Those that are still needed, oldest first. */
  readonly #entries: Entry[];
  #last: number;
  #folded: number;
  #fold: string | undefined;
  #foldAt: number;
  #size = 0;
  #hasSpare: boolean;

  /** For whoever has just taken the term. */
  constructor(storage: Texts, keys: Keys, term: number, { state, entries, last, folded, fold, stale }: Restored) {
    this.#storage = storage;
    this.#keys = keys;
    this.#storeId = state.storeId;
    this.#term = term;
    this.#all = () => state.all;
    this.#entries = [...entries];
    this.#last = last;
    this.#folded = folded;
    this.#fold = fold;
    this.#foldAt = last + foldEvery;
    for (const key of stale) storage.removeItem(key);
    this.#hasSpare = storage.getItem(keys.spare) !== null;
    this.#foldNow();
    this.keepSpare();
  }

  /** Throws if the quota is used up, and then nothing is stored. */
  add({ store: _store, blocks = [], ...change }: Commit): void {
    const n = this.#last + 1;
    const entry: Entry = { key: this.#keys.commit({ term: this.#term, n }), n, change, blocks };
    const size = this.#write(entry);
    this.#last = n;
    this.#entries.push(entry);
    if (blocks.length === 0) this.#size += size;
  }

  /** To be called between commits: what is not on disk yet must not be folded. */
  foldIfDue(): void {
    if (this.#last < this.#foldAt && this.#size < foldSize) return;
    this.#foldNow();
    this.keepSpare();
  }

  /** Whether there is a little more room now than before. What is urgent may have what was held back. */
  makeRoom(isUrgent: boolean): boolean {
    if (this.#foldNow()) return true;
    if (!isUrgent || !this.#hasSpare) return false;
    this.#storage.removeItem(this.#keys.spare);
    this.#hasSpare = false;
    return true;
  }

  /** Holds back again what was given away, if there is room for it. */
  keepSpare(): void {
    this.#hasSpare ||= this.#tryWrite(this.#keys.spare, spare);
  }

  /** Drops the blocks of a channel up to this offset, oldest first; tells after each step how far it is. */
  *drop(channelId: string, upTo: number): Generator<number> {
    const isGone = ({ header, offset }: StoredBlock): boolean => header.channelId === channelId && offset <= upTo;
    for (const entry of this.#entries.filter(({ blocks }) => blocks.some(isGone))) {
      const kept = entry.blocks.filter((block) => !isGone(block));
      this.#put(entry, kept);
      yield entry.blocks.findLast(isGone)?.offset ?? 0;
    }
    this.keepSpare();
  }

  /** Throws if the quota is used up, and then nothing is changed. */
  replace(old: StoredBlock, block: StoredBlock): void {
    const entry = this.#entries.find(({ blocks }) => blocks.includes(old));
    if (entry === undefined) return;
    const blocks = entry.blocks.map((other) => (other === old ? block : other));
    this.#put(entry, blocks);
    this.keepSpare();
  }

  /** Gives a commit other blocks. One that is folded and has none is needed no more. */
  #put(entry: Entry, blocks: readonly StoredBlock[]): void {
    const at = this.#entries.indexOf(entry);
    const isFolded = entry.n <= this.#folded;
    if (isFolded && blocks.length === 0) {
      this.#storage.removeItem(entry.key);
      this.#entries.splice(at, 1);
    } else {
      const changed = { ...entry, blocks, change: isFolded ? {} : entry.change };
      this.#write(changed);
      this.#entries[at] = changed;
    }
  }

  #write({ key, change, blocks }: Entry): number {
    const commit: Commit = { store: this.#storeId, ...change, ...(blocks.length > 0 && { blocks }) };
    const text = toText(commit);
    this.#storage.setItem(key, text);
    return text.length;
  }

  /** Says all in one place, so that commits are needed for their messages only. False if it need not or could not. */
  #foldNow(): boolean {
    this.#foldAt = this.#last + foldEvery;
    this.#size = 0;
    if (this.#folded === this.#last) return false;
    const key = this.#keys.commit({ term: this.#term, n: 0 });
    if (!this.#tryWrite(key, toText({ store: this.#storeId, upTo: this.#last, ...this.#all() }))) return false;
    if (this.#fold !== undefined && this.#fold !== key) this.#storage.removeItem(this.#fold);
    this.#fold = key;
    this.#folded = this.#last;
    const needed = this.#entries.filter(({ blocks }) => blocks.length > 0);
    for (const entry of this.#entries) if (entry.blocks.length === 0) this.#storage.removeItem(entry.key);
    this.#entries.splice(0, Infinity, ...needed);
    return true;
  }

  /** For what the log can do without. */
  #tryWrite(key: string, text: string): boolean {
    try {
      this.#storage.setItem(key, text);
      return true;
    } catch (error) {
      if (isQuota(error)) return false;
      throw error;
    }
  }
}
