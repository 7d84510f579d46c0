// What one commit is on disk. It says what it changed, so that to open the log is to apply all commits in their order; what
// was folded has the same form, and says everything. Whatever else is found in its place is damage.

import type { StoredBlock } from '../../core/block.ts';
import { busError } from '../../core/errors.ts';
import { fromText } from './text.ts';

/** Rises when a build writes what the builds before cannot read. */
export const format = 1;

export type ChannelRow = readonly [channelId: string, logId: string, head: number, own: number];
export type ProducerRow = readonly [
  channelId: string,
  producerId: string,
  sequence: number,
  blockId: string,
  offset: number,
];
export type PushRow = readonly [clientId: string, n: number, logId: string, offset: number];
/** Without a value it is removed. */
export type RecordRow = readonly [name: string, value?: unknown];

export interface Change {
  readonly channels?: readonly ChannelRow[];
  readonly producers?: readonly ProducerRow[];
  readonly pushes?: readonly PushRow[];
  readonly records?: readonly RecordRow[];
}

export interface Commit extends Change {
  /** What is left of another store is not ours. */
  readonly store: string;
  /** Only of what was folded: up to which commit. */
  readonly upTo?: number;
  readonly blocks?: readonly StoredBlock[];
}

/** Who may write. */
export interface Term {
  readonly v: typeof format;
  readonly storeId: string;
  readonly term: number;
  /** Makes the text another one for each host. */
  readonly host: string;
  /** With which commit the last terms began: what an older term wrote from there on came too late. */
  readonly starts: readonly (readonly [term: number, n: number])[];
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const row =
  (...checks: readonly Check[]): Check =>
  (value) =>
    Array.isArray(value) && value.length === checks.length && checks.every((check, at) => check(value[at]));
const shape =
  (checks: { readonly [key: string]: Check }): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(checks).every(([key, check]) => check((value as Record<string, unknown>)[key]));

const isBlock = shape({
  header: shape({ channelId: isText, blockId: isText, count: isCount, keys: optional(listOf(isText)) }),
  logId: isText,
  offset: isCount,
  json: isText,
  buffers: optional(listOf((value) => value instanceof Uint8Array)),
});

const isCommit = shape({
  store: isText,
  upTo: optional(isCount),
  channels: optional(listOf(row(isText, isText, isCount, isCount))),
  producers: optional(listOf(row(isText, isText, isCount, isText, isCount))),
  pushes: optional(listOf(row(isText, isCount, isText, isCount))),
  records: optional(listOf((value) => Array.isArray(value) && isText(value[0]) && value.length <= 2)),
  blocks: optional(listOf(isBlock)),
});

const isTerm = shape({ storeId: isText, term: isCount, host: isText, starts: listOf(row(isCount, isCount)) });

/** Throws if it is none. */
export function commitOf(text: string): Commit {
  const commit = fromText(text);
  if (!isCommit(commit)) throw new TypeError('it is no commit of this log');
  return commit as Commit;
}

/** Throws if it is none, and `STORAGE_NEWER` if it is one that a newer build wrote. */
export function termOf(text: string): Term {
  const term = fromText(text) as { v?: unknown } | null;
  if (typeof term?.v === 'number' && term.v > format)
    throw busError('STORAGE_NEWER', 'The log in localStorage has a newer format.');
  if (term?.v !== format || !isTerm(term)) throw new TypeError('it is no term of this log');
  return term as Term;
}
