// Bugs that a bus of this kind may well have, as edits of the source; each with the faults under which it shows soon. What
// checks histories is only worth something if it finds them.

import type { Edit } from './bundle.ts';
import type { Mix } from './plan.ts';

export interface Planted extends Edit {
  readonly mix: Mix;
  /** What is to be found, among whatever else is. */
  readonly shows: RegExp;
}

const hosts = { 'close host': 3, 'kill host': 3 } as const;
const sending = {
  one: 4,
  burst: 6,
  keyed: 4,
  flushed: 1,
  work: 0,
  ask: 0,
  story: 0,
  resubscribe: 0,
  pause: 20,
} as const;

export const planted: readonly Planted[] = [
  {
    name: 'no-fence',
    file: 'src/browser/indexeddb-log/writer.ts',
    find: "const request = store('journal').add(row, [this.#term, n]);",
    replace: "const request = store('journal').put(row, [this.#term, n]);",
    shows: /^(double|lost|log|order):/m,
    mix: {
      weights: { 'hang host in a commit': 1 },
      habits: { ...sending, one: 0, burst: 1, keyed: 0, flushed: 0 },
      steps: 3,
      tabs: 3,
      wait: [200, 600],
      lasting: [1000, 1800],
    },
  },
  {
    name: 'reader-position-in-memory',
    file: 'src/protocol/remote-host.ts',
    find: 'from: started ? sink.positions() : request.from',
    replace: "from: started ? 'now' : request.from",
    shows: /^lost: .* missed/m,
    mix: { weights: hosts, habits: sending, steps: 10, tabs: 3 },
  },
  {
    name: 'group-position-in-memory',
    file: 'src/core/group-saves.ts',
    find: '...changed.map((each)',
    replace: '...changed.slice(0, 0).map((each)',
    shows: /^work:/m,
    mix: { weights: hosts, habits: { ...sending, work: 20 }, steps: 6, tabs: 3 },
  },
  {
    name: 'no-append-rule',
    file: 'src/core/ledger.ts',
    find: 'if (repeated !== undefined) return repeated;',
    replace: '',
    shows: /^double:/m,
    mix: { weights: { ...hosts, 'hang host in a commit': 3 }, habits: sending, steps: 10, tabs: 3 },
  },
  {
    name: 'unlimited-in-flight',
    file: 'src/core/outbox.ts',
    find: 'const maxInFlight = 32;',
    replace: 'const maxInFlight = 1_000_000;',
    shows: /^(lost|log|double|order):/m,
    mix: {
      weights: { ...hosts, 'hang host in a commit': 6 },
      habits: { ...sending, one: 1, burst: 1, keyed: 12 },
      steps: 6,
      tabs: 3,
    },
  },
  {
    name: 'acknowledged-before-commit',
    file: 'src/browser/indexeddb-log/indexeddb-log.ts',
    find: 'if (commit !== undefined) await this.#writer.commit(commit);',
    replace: 'if (commit !== undefined) void this.#writer.commit(commit).catch(() => undefined);',
    shows: /^(lost|log|double):/m,
    mix: { weights: { 'quota full': 2, 'kill host': 1, 'hang host': 1 }, habits: sending, steps: 6, tabs: 3 },
  },
];
