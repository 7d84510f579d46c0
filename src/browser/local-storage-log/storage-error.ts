// What an error of localStorage means to the bus.

import { busError, describe, isBusError } from '../../core/errors.ts';
import type { BusError } from '../../core/errors.ts';

/** Firefox has a name of its own for it. */
export function isQuota(error: unknown): boolean {
  const { name = '' } = (error ?? {}) as { name?: string };
  return name === 'QuotaExceededError' || name === 'NS_ERROR_DOM_QUOTA_REACHED';
}

function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : describe(error);
}

function full(cause: unknown): BusError {
  return busError('STORAGE_FULL', 'localStorage is full: it holds about 5 MB.', { cause, retryable: true });
}

/** Why it cannot be opened. */
export function openError(cause: unknown): BusError {
  if (isBusError(cause)) return cause;
  if (isQuota(cause)) return full(cause);
  return busError('STORAGE_BLOCKED', `localStorage cannot be used (${nameOf(cause)}).`, { cause });
}

/** A full disk refuses one commit; anything else is the end of the log. */
export function commitError(cause: unknown): BusError {
  if (isBusError(cause)) return cause;
  if (isQuota(cause)) return full(cause);
  const why = `A commit failed (${nameOf(cause)}).`;
  return busError('HOST_LOST', why, { accepted: 'unknown', retryable: true, cause });
}
