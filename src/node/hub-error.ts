// What goes wrong where a hub runs: Redis, folders, settings. A page never has these, and never loads their advice.

import { errorWith } from '../core/errors.ts';
import type { BusError, ErrorOptions } from '../core/errors.ts';

/** Every code that only a hub's errors have, with what to do about it. */
export const hubAdvice = {
  REDIS_AWAY: 'Redis does not answer: check its address, and that it runs; `busline doctor` looks for more.',
  REDIS_DENIED: 'Redis does not let us in: check user, password, database and the rights of the user (ACL).',
  REDIS_READ_ONLY: 'This Redis is a replica: give the address of the master, or of the sentinels.',
  REDIS_NOT_INSTALLED: 'Install the client of Redis beside the bus: `npm install redis`.',
  FOREIGN_KEY:
    'Another program keeps something else under a name of the bus in this Redis: give the bus a database of its own, or remove the key.',
  DIRECTORY_DENIED: 'This process may not write there: give it the right to, or name another directory.',
  NETWORK_DIRECTORY:
    'Appends of several processes may interleave on a network file system: name a directory on a local disk, or use Redis.',
  LOG_DAMAGED: 'Part of a file of the log cannot be read; what can be read is given. Restore the file from a backup.',
  INVALID_SETTINGS: 'Correct the settings that the message names.',
} as const;

export type HubErrorCode = keyof typeof hubAdvice;

/** Makes a `BusError` with one of the codes of a hub. */
export function hubError(code: HubErrorCode, message: string, options: ErrorOptions = {}): BusError {
  return errorWith(code, hubAdvice[code], message, options);
}
