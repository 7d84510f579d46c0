// Logout: everything of one bus, gone from this browser.

import { busError } from '../core/errors.ts';
import { pageStorage, removeKeys } from './local-storage-log/keys.ts';

/**
 * Deletes what the bus stored. A running host notices, ends, and is followed by one with an empty log; subscriptions are told
 * by `reset`. Rejects with `STORAGE_BLOCKED` where the browser refuses.
 */
export async function deleteBus(name = 'busline'): Promise<void> {
  const isDeleted = deleteFromLocalStorage(name);
  if (typeof indexedDB === 'undefined') {
    if (isDeleted) return;
    throw busError('NOT_A_BROWSER', 'deleteBus: there is no IndexedDB here.');
  }
  try {
    await deleteDatabase(`busline:${name}`);
  } catch (cause) {
    // A bus lies in localStorage where IndexedDB was refused to it: then this was all there was.
    if (!isDeleted) throw busError('STORAGE_BLOCKED', `Bus "${name}" was not deleted.`, { cause });
  }
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.addEventListener('success', () => resolve());
    request.addEventListener('error', () => reject(request.error as DOMException));
  });
}

/** Whether there was something. */
function deleteFromLocalStorage(bus: string): boolean {
  const storage = pageStorage();
  if (storage === undefined || !removeKeys(storage, bus)) return false;
  // Browsers tell the other pages only; this one may be the host.
  globalThis.dispatchEvent(new StorageEvent('storage', { key: `busline:${bus}:term`, storageArea: storage }));
  return true;
}
