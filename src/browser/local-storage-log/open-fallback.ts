// localStorage in the place of IndexedDB, with what there is to say about it.

import { busError, toRecord } from '../../core/errors.ts';
import type { BusErrorCode } from '../../core/errors.ts';
import type { Fallback } from '../storage.ts';
import { pageStorage } from './keys.ts';
import { openLocalStorageLog } from './local-storage-log.ts';

/** For `openBrowserLog` in a page. Rejects with `STORAGE_BLOCKED`, `STORAGE_FULL` or `STORAGE_NEWER`. */
export const openLocalStorage: Fallback = async (options, refused) => {
  const storage = pageStorage();
  if (storage === undefined) throw busError('STORAGE_BLOCKED', 'There is no localStorage here.');
  const log = await openLocalStorageLog({ ...options, storage, window: globalThis });
  const { term, damage } = log;
  const what = [
    toRecord(refused).message,
    'localStorage stands in, which holds about 5 MB: allow IndexedDB for this site, or set `retention`.',
    ...(damage === undefined
      ? []
      : [`What was stored there could not be read and was replaced by an empty log (${damage}).`]),
  ];
  const problem = busError(refused.code as BusErrorCode, what.join(' '), { cause: refused });
  return { log, term, durability: 'disk', problem };
};
