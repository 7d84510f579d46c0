// Logout: everything of one bus, gone from this browser.

import { busError } from '../core/errors.ts';

/**
 * Deletes what the bus stored. A running host notices, ends, and is followed by one with an empty log; subscriptions are told
 * by `reset`. Rejects with `STORAGE_BLOCKED` where the browser refuses.
 */
export function deleteBus(name = 'busline'): Promise<void> {
  if (typeof indexedDB === 'undefined')
    return Promise.reject(busError('NOT_A_BROWSER', 'deleteBus: there is no IndexedDB here.'));
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(`busline:${name}`);
    request.addEventListener('success', () => resolve());
    request.addEventListener('error', () =>
      reject(busError('STORAGE_BLOCKED', `Bus "${name}" was not deleted.`, { cause: request.error })),
    );
  });
}
