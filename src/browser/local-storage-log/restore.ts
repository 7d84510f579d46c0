// What lies in localStorage, read back. Nothing here writes.

import type { StoredBlock } from '../../core/block.ts';
import { describe, isBusError } from '../../core/errors.ts';
import { randomName } from '../../core/platform.ts';
import type { Platform } from '../../core/platform.ts';
import { commitOf, termOf } from './commit.ts';
import type { Change, Commit, Term } from './commit.ts';
import type { Keys, Place } from './keys.ts';
import { State } from './state.ts';

/** A commit as it lies on disk. */
export interface Entry {
  readonly key: string;
  readonly n: number;
  readonly change: Change;
  readonly blocks: readonly StoredBlock[];
}

export interface Restored {
  readonly state: State;
  readonly term: number;
  readonly starts: Term['starts'];
  readonly entries: readonly Entry[];
  /** The last commit. */
  readonly last: number;
  /** Up to which commit all is folded, and where. */
  readonly folded: number;
  readonly fold: string | undefined;
  /** What nobody needs any more. */
  readonly stale: readonly string[];
}

interface Found {
  readonly key: string;
  readonly place: Place;
  readonly commit: Commit;
}

/** Throws if something that is needed is missing or cannot be read; `STORAGE_NEWER` if a newer build wrote it. */
export function restore(texts: ReadonlyMap<string, string>, keys: Keys, platform: Platform): Restored {
  const termText = texts.get(keys.term);
  const term = termText === undefined ? undefined : read(keys.term, () => termOf(termText));
  const found = [...texts].flatMap(([key, text]): readonly Found[] => {
    const place = keys.placeOf(key);
    return place === undefined ? [] : [{ key, place, commit: read(key, () => commitOf(text)) }];
  });
  // What is there without a term is left over from a log that was deleted.
  if (term === undefined) return empty(platform, found);
  const ours = found.filter((one) => isOurs(one, term)).toSorted((a, b) => a.place.n - b.place.n);
  const fold = ours.filter(({ place }) => place.n === 0).reduce(newer, undefined);
  const folded = fold?.commit.upTo ?? 0;
  const state = new State(term.storeId, platform);
  if (fold !== undefined) state.apply(fold.commit);
  const commits = ours.filter(({ place }) => place.n > 0);
  const last = applyAll(state, commits, folded);
  if (last + 1 < (term.starts.at(-1)?.[1] ?? 0)) throw new Error('the last commits are missing');
  state.fill(commits.flatMap(({ commit }) => commit.blocks ?? []));
  const needed = commits.filter(({ place, commit }) => place.n > folded || commit.blocks !== undefined);
  const stale = found.filter((one) => one !== fold && !needed.includes(one)).map(({ key }) => key);
  return {
    state,
    term: term.term,
    starts: term.starts,
    entries: needed.map(entryOf),
    last,
    folded,
    fold: fold?.key,
    stale,
  };
}

function empty(platform: Platform, found: readonly Found[]): Restored {
  const state = new State(randomName(platform), platform);
  const stale = found.map(({ key }) => key);
  return { state, term: 0, starts: [], entries: [], last: 0, folded: 0, fold: undefined, stale };
}

/** Not of another store, nor of an old host that wrote once more when its successor had begun. */
function isOurs({ place, commit }: Found, { storeId, starts }: Term): boolean {
  const n = commit.upTo ?? place.n;
  return commit.store === storeId && !starts.some(([term, from]) => term > place.term && n >= from);
}

function newer(one: Found | undefined, other: Found): Found {
  return one === undefined || other.place.term > one.place.term ? other : one;
}

/** Applies what is not folded yet; the number of the last. */
function applyAll(state: State, commits: readonly Found[], folded: number): number {
  let last = folded;
  for (const { key, place, commit } of commits) {
    if (place.n <= folded) continue;
    if (place.n !== last + 1) throw new Error(`there is no commit before ${key}`);
    state.apply(commit);
    last = place.n;
  }
  return last;
}

function entryOf({ key, place, commit }: Found): Entry {
  const { blocks = [], store: _store, ...change } = commit;
  return { key, n: place.n, change, blocks };
}

function read<T>(key: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw isBusError(error) ? error : new Error(`${key}: ${describe(error)}`, { cause: error });
  }
}
