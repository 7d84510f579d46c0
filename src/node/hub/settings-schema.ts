// What can be set, wherever it comes from: the argument of `openHub`, the environment, or a file. docs/hub.md has the same
// table, and a test compares them.

import { z } from 'zod';
import { hasItsDatabase, isRedisAddress } from './redis-address.ts';
import { logLevels } from './settings-options.ts';
import type { PartialSettings } from './settings-options.ts';

const text = z.string().min(1, 'must not be empty');
const milliseconds = z.number().positive('must be a number of milliseconds above zero');
const amount = z.number().int('must be a whole number').positive('must be above zero');

const redis = z.strictObject({
  url: text
    .refine(
      isRedisAddress,
      'must begin with redis://, rediss://, redis+sentinel:// or redis+cluster:// and name what is there',
    )
    .refine(hasItsDatabase, 'must not name a database, which a cluster has not')
    .describe(
      'Address of Redis: `redis://` or `rediss://`, with user, password and database if there are any; `redis+sentinel://user:password@host:port,host:port/name/database`; or `redis+cluster://user:password@host:port,host:port`.',
    )
    .optional(),
  password: text.describe('Password for it, taken where the address has none.').optional(),
  deadline: milliseconds.describe('Milliseconds in which a command has to be answered.').optional(),
  recheck: milliseconds.describe('Milliseconds after which it is looked whether a message was missed.').optional(),
});

const retention = z.strictObject({
  count: amount.describe('Messages kept of each channel.').optional(),
  age: milliseconds.describe('Milliseconds for which a message is kept.').optional(),
  bytes: amount.describe('Bytes kept of each channel.').optional(),
});

export const settingsSchema: z.ZodType<PartialSettings> = z.strictObject({
  name: text.describe('Who sends, where a message does not say.').optional(),
  directory: text.describe('Folder of the log; on Redis, of what a hub keeps on disk.').optional(),
  redis: z.union([redis, z.literal(false)], 'must be an object with "url", or false').optional(),
  withoutRedis: z
    .enum(['fail', 'files'], 'must be "fail" or "files"')
    .describe(
      'If Redis does not answer at the start: `fail`, or work on `files`, from where nothing reaches Redis later.',
    )
    .optional(),
  retention: retention.optional(),
  logLevel: z
    .enum(logLevels, `must be one of ${logLevels.join(', ')}`)
    .describe('What is logged: `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`.')
    .optional(),
  closeWithin: milliseconds.describe('Milliseconds in which `close` waits for handlers at work.').optional(),
});
