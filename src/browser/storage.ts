// Where a browser's host keeps its log, and what it says when it cannot.

import { busError, describe, isBusError, toRecord } from '../core/errors.ts';
import type { BusError, BusErrorCode } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { MemoryLog } from '../core/memory-log.ts';
import type { BusStatus } from '../core/message-bus.ts';
import { openIndexedDbLog } from './indexeddb-log/indexeddb-log.ts';
import type { IndexedDbLogOptions } from './indexeddb-log/indexeddb-log.ts';

export interface OpenedLog {
  readonly log: Log;
  readonly term: number;
  readonly durability: BusStatus['durability'];
  readonly problem?: BusError;
}

/** Opens another log on disk where IndexedDB was refused; rejects with a `BusError` if it cannot. */
export type Fallback = (options: IndexedDbLogOptions, refused: BusError) => Promise<OpenedLog>;

export interface BrowserLogOptions extends IndexedDbLogOptions {
  /** Handed in by who can have one, because workers cannot and should not carry it. */
  readonly fallback?: Fallback | undefined;
}

/** IndexedDB, else the fallback, else memory, with the reason. What only a newer build can read is not replaced by an empty log. */
export async function openBrowserLog({ fallback, ...options }: BrowserLogOptions): Promise<OpenedLog> {
  try {
    const log = await openIndexedDbLog(options);
    return { log, term: log.term, durability: 'disk' };
  } catch (error) {
    if (!isBusError(error) || error.code === 'STORAGE_NEWER' || error.code === 'HOST_LOST') throw error;
    if (fallback === undefined) return inMemory(options, error, []);
    return fallback(options, error).catch((other: unknown) => {
      if (isBusError(other) && other.code === 'STORAGE_NEWER') throw other;
      return inMemory(options, error, [isBusError(other) ? toRecord(other).message : describe(other)]);
    });
  }
}

function inMemory({ platform }: IndexedDbLogOptions, refused: BusError, also: readonly string[]): OpenedLog {
  const why = [toRecord(refused).message, ...also, 'Messages are kept in memory.'].join(' ');
  const problem = busError(refused.code as BusErrorCode, why, { cause: refused });
  return { log: new MemoryLog(platform), term: 0, durability: 'memory', problem };
}

/** What the browser says of the space; undefined where it says nothing (WebKitGTK in workers). */
export async function storageEstimate(): Promise<BusStatus['storage']> {
  try {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    return { used: usage, quota, persisted: await navigator.storage.persisted() };
  } catch {
    return undefined;
  }
}
