// Where a browser's host keeps its log, and what it says when it cannot.

import { isBusError } from '../core/errors.ts';
import type { BusError } from '../core/errors.ts';
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

/** IndexedDB, else memory with the reason. Data that only a newer build can read is not replaced by an empty log. */
export async function openBrowserLog(options: IndexedDbLogOptions): Promise<OpenedLog> {
  try {
    const log = await openIndexedDbLog(options);
    return { log, term: log.term, durability: 'disk' };
  } catch (error) {
    if (!isBusError(error) || error.code === 'STORAGE_NEWER') throw error;
    return { log: new MemoryLog(options.platform), term: 0, durability: 'memory', problem: error };
  }
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
