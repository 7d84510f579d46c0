// The client of Redis, which is a package of its own: asked for only where a Redis is used, so that a hub on files needs none.

import { createRequire } from 'node:module';
import type { createClient as Create } from 'redis';
import { hubError } from '../hub-error.ts';

const require = createRequire(import.meta.url);

/** Throws `REDIS_NOT_INSTALLED` if there is none. */
export function redisPackage(): { readonly createClient: typeof Create } {
  try {
    return require('redis') as { readonly createClient: typeof Create };
  } catch (cause) {
    throw hubError('REDIS_NOT_INSTALLED', 'The package "redis" is not there.', { cause });
  }
}

export const createClient: typeof Create = (options) => redisPackage().createClient(options);
