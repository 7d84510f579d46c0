// What `from` may be, and what it says of one channel.

import { isPattern } from './channel.ts';
import { busError } from './errors.ts';
import type { Position, Positions } from './log.ts';
import type { From } from './message-bus.ts';

function isPosition(from: object): from is Position {
  return 'logId' in from && typeof from.logId === 'string';
}

/** Not `'last' in from` alone: a channel may be called so. */
export function isLast(from: object): from is { readonly last: number } {
  return 'last' in from && typeof from.last === 'number';
}

/** What a reader had in this channel. */
export function hadPosition(from: Position | Positions, channelId: string): Position | undefined {
  if (isPosition(from)) return from;
  return Object.hasOwn(from, channelId) ? from[channelId] : undefined;
}

/** The channels that positions name. */
export function channelsIn(from: From): readonly string[] {
  return typeof from !== 'object' || isLast(from) || isPosition(from) ? [] : Object.keys(from);
}

function isCount(n: unknown): boolean {
  return Number.isSafeInteger(n) && (n as number) >= 0;
}

function isFrom(from: unknown): from is From {
  if (from === 'now' || from === 'earliest') return true;
  if (typeof from !== 'object' || from === null) return false;
  if (isPosition(from)) return isCount(from.offset);
  if ('last' in from && typeof from.last === 'number') return isCount(from.last);
  return Object.values(from).every(
    (position) => typeof position === 'object' && position !== null && isPosition(position) && isCount(position.offset),
  );
}

/** Throws unless a reader of this channel or pattern can begin there. */
export function checkFrom(from: From, channel: string): void {
  if (!isFrom(from))
    throw busError('INVALID_INPUT', '"from" must be now, earliest, { last: n }, a position or positions.');
  if (typeof from === 'object' && isPosition(from) && isPattern(channel)) {
    throw busError(
      'INVALID_INPUT',
      `A pattern like "${channel}" resumes from positions, channel by channel: give what positions() returned.`,
    );
  }
}
