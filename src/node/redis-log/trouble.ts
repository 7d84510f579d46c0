// What Redis says when it does not do what it is asked, as errors that say what to do.

import { busError, describe, isBusError } from '../../core/errors.ts';
import type { BusError } from '../../core/errors.ts';
import { hubError } from '../hub-error.ts';

/** Whether Redis itself said no; anything else is a failure on the way, and what was sent is in doubt. */
export function isReply(error: unknown): error is Error {
  return (
    error instanceof Error &&
    ['ErrorReply', 'SimpleError', 'BlobError', 'MultiErrorReply'].includes(error.constructor.name)
  );
}

/** What it says for now, and not for good: it loads its data, has no master, is one no more, or gives its slot to another. */
const passing =
  /\b(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|MISCONF|UNKILLABLE)\b|\b(ASK|MOVED) \d/;
const denied =
  /\b(WRONGPASS|NOAUTH|NOPERM)\b|invalid password|without any password|DB index is out of range|user executing the script can't/i;
const full = /\bOOM\b/;
const foreign = /\bWRONGTYPE\b/;
const tooLarge = /invalid bulk length|exceeds proto-max-bulk-len/;

const final: ReadonlySet<string> = new Set(['REDIS_DENIED', 'REDIS_NOT_INSTALLED', 'INVALID_SETTINGS']);

/** Whether it does not pass by itself. */
export function isFinal({ code }: BusError): boolean {
  return final.has(code);
}

/** Whether the same may go well in a moment. */
export function isPassing(error: unknown): boolean {
  return isBusError(error) ? error.code === 'REDIS_AWAY' : !isReply(error) || passing.test(error.message);
}

/** It became a replica, or gave its slot away: the master is somewhere else now. */
export function isElsewhere(error: unknown): boolean {
  return isReply(error) && /\bREADONLY\b|\bMOVED \d/.test(error.message);
}

function isFull(error: unknown): boolean {
  return isReply(error) && full.test(error.message);
}

/** Why it is not passing; `keys` are those that were touched. */
export function troubleOf(error: unknown, keys: readonly string[] = []): BusError {
  if (isBusError(error)) return error;
  const said = `Redis refused: ${describe(error)}`;
  const because = { cause: error };
  if (!isReply(error))
    return hubError('REDIS_AWAY', `Redis did not answer: ${describe(error)}`, { ...because, retryable: true });
  if (passing.test(error.message))
    return hubError('REDIS_AWAY', `Redis takes nothing for now: ${describe(error)}`, { ...because, retryable: true });
  if (denied.test(error.message)) return hubError('REDIS_DENIED', said, because);
  if (isFull(error)) return busError('STORAGE_FULL', said, { ...because, retryable: true });
  if (foreign.test(error.message)) return hubError('FOREIGN_KEY', `${said} One of ${keys.join(', ')}.`, because);
  if (tooLarge.test(error.message)) return busError('MESSAGE_TOO_LARGE', said, because);
  return busError('HOST_LOST', said, because);
}
