// The rules by which nothing is lost, doubled or turned around; each left out, as an edit of the source.

import type { Edit } from '../faults/bundle.ts';

export interface Rule {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** From which story on it is looked for: it shows soon there. */
  readonly from: number;
  /** How that shows. */
  readonly shows: RegExp;
}

function rule(name: string, file: string, find: string, replace: string, shows: RegExp, from = 1): Rule {
  return { name, edits: [{ name, file, find, replace }], shows, from };
}

const failover = 'src/node/failover-log';

export const rules: readonly Rule[] = [
  rule(
    'what came early is left out when it comes by its place',
    'src/core/subscription.ts',
    'if (sequence <= early) {',
    'if (sequence < 0) {',
    /twice/,
  ),
  rule(
    'what came early is part of the position',
    'src/core/subscription.ts',
    'if (Object.keys(seen).length > 0) now = { logId, offset, seen };',
    '',
    /twice/,
  ),
  rule(
    'whoever begins now has behind it what came early before',
    `${failover}/view.ts`,
    'return this.#ahead.size === 0 ? at : { ...at, seen: this.seen };',
    'return at;',
    /which came before it/,
  ),
  rule(
    'only the next of its producer comes early',
    `${failover}/view.ts`,
    'if (this.#offset < this.#knownUpTo || sequence !== this.last(producerId) + 1) return undefined;',
    'if (sequence <= this.last(producerId)) return undefined;',
    /came after|never got|got later ones/,
  ),
  rule(
    'only whoever has all that has a place takes what comes early',
    'src/core/reader.ts',
    "if (cursor?.state !== 'live' || cursor.offset !== after || this.#credit <= 0) return;",
    'if (cursor === undefined) return;',
    /twice|came after|never got|got later ones/,
  ),
  rule(
    'only whoever had the one before takes the next',
    'src/core/subscription.ts',
    'if (this.#closed || (had.seen?.[producerId] ?? 0) !== previous) return false;',
    'if (this.#closed) return false;',
    /twice|came after|never got|got later ones/,
  ),
  rule(
    'what home did not take in time goes to the spill under the same identity',
    `${failover}/outgoing.ts`,
    'for (const item of this.#items) item.at = undefined;',
    'for (const item of this.#items) { item.at = undefined; item.block = undefined; }',
    /twice|lies there 2 times|CONFLICT|never acknowledged/,
    700,
  ),
  rule(
    'a producer stays with the spill until all of it is home',
    `${failover}/outgoing.ts`,
    "if (this.#mode === 'turning' && !isSpilling && this.#home >= this.#spilled) this.#mode = 'home';",
    "if (this.#mode !== 'home' && !isAway) this.#mode = 'home';",
    /./,
  ),
  rule(
    'home accepts no jump',
    `${failover}/drain.ts`,
    'some.map((block) => ({ block: plain(block) }))',
    'some.map((block) => ({ block: plain(block), jump: true }))',
    /is not there/,
    1800,
  ),
  rule(
    'the spill accepts a jump before the first that is not acknowledged only',
    `${failover}/outgoing.ts`,
    "...(place === 'spill' && isFirst && { jump: true })",
    "...(place === 'spill' && { jump: true })",
    /./,
  ),
  rule(
    'the drain starts over when home came back',
    `${failover}/failover-log.ts`,
    'drain.wake(true);',
    'drain.wake();',
    /is not there|never got/,
    1700,
  ),
  rule(
    'what nobody will send any more is skipped',
    `${failover}/drain.ts`,
    'if (this.#isAnew || !(await isOrphan(producerId))) return false;',
    'if (this.#isAnew || sequence > 0) return false;',
    /is not there|never acknowledged/,
  ),
];
