// What a hub runs with: the argument before the environment, the environment before the file, the file before the defaults.

import { resolve } from 'node:path';
import type { RetentionOptions } from '../../core/retention.ts';
import { hubError } from '../hub-error.ts';
import { checkSettings } from './check-settings.ts';
import { secretsOf, withPassword } from './redis-address.ts';
import { defaults } from './settings-options.ts';
import type { LogLevel, PartialSettings, RedisSettings } from './settings-options.ts';
import { fromEnvironment, fromFile } from './settings-source.ts';
import type { Environment } from './settings-source.ts';

/** All that is left to decide is decided. */
export interface Settings {
  readonly name: string;
  /** Absolute. */
  readonly directory: string;
  /** Its address holds the password. */
  readonly redis: { readonly url: string; readonly deadline: number; readonly recheck: number } | undefined;
  readonly withoutRedis: 'fail' | 'files';
  /** As it was given; what holds where nothing was depends on the log. */
  readonly retention: RetentionOptions | undefined;
  readonly logLevel: LogLevel;
  readonly closeWithin: number;
  /** What must never be printed. */
  readonly secrets: readonly string[];
}

export interface Sources {
  readonly argument: object;
  /** Names that the argument may have beside the settings, for whoever mistypes one. */
  readonly others?: readonly string[];
  /** A file that must be there; `false`: none; default: busline.config.json, if there is one. */
  readonly config?: string | false | undefined;
  readonly environment: Environment;
  /** The working folder. */
  readonly folder: string;
  /** What holds where nobody says anything, in place of the defaults. */
  readonly base?: PartialSettings;
}

/** Throws `INVALID_SETTINGS` with all that is wrong, wherever it stands. */
export function readSettings({ argument, others = [], config, environment, folder, base = {} }: Sources): Settings {
  const named = config ?? (environment['BUSLINE_CONFIG'] || undefined);
  const all = [
    checkSettings(argument, (path) => path || 'options', others),
    fromEnvironment(environment, folder),
    named === false ? { settings: {}, problems: [] } : fromFile(named, folder),
  ];
  const given = [...all.map(({ settings }) => settings), base];
  const redis = redisOf(given.map((one) => one.redis));
  const problems = all.flatMap((one) => one.problems);
  if (problems.length === 0 && redis !== undefined && redis.url === undefined)
    problems.push('redis.url: is missing, though something else is set for Redis; set it, or REDIS_URL');
  if (problems.length > 0)
    throw hubError(
      'INVALID_SETTINGS',
      `These settings are wrong:\n${problems.map((text) => `  ${text}`).join('\n')}\n`,
    );
  return settled(given, redis as RedisSettings | undefined, folder);
}

function settled(given: readonly PartialSettings[], redis: RedisSettings | undefined, folder: string): Settings {
  const first = <K extends keyof PartialSettings>(key: K): PartialSettings[K] =>
    given.map((one) => one[key]).find((value) => value !== undefined);
  const url = redis && withPassword(redis.url, redis.password);
  return {
    name: first('name') ?? defaults.name,
    directory: resolve(folder, first('directory') ?? defaults.directory),
    redis:
      redis === undefined || url === undefined
        ? undefined
        : { url, deadline: redis.deadline ?? defaults.deadline, recheck: redis.recheck ?? defaults.recheck },
    withoutRedis: first('withoutRedis') ?? defaults.withoutRedis,
    retention: retentionOf(first('retention')),
    logLevel: first('logLevel') ?? defaults.logLevel,
    closeWithin: first('closeWithin') ?? defaults.closeWithin,
    secrets: url === undefined ? [] : secretsOf(url),
  };
}

/** Member by member, up to the first source that wants none. */
function redisOf(given: readonly PartialSettings['redis'][]): Partial<RedisSettings> | undefined {
  const none = given.indexOf(false);
  const wanted = (none < 0 ? given : given.slice(0, none)).filter((one) => typeof one === 'object');
  if (wanted.length === 0) return undefined;
  const known = wanted.map((one) => Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined)));
  return Object.assign({}, ...known.toReversed()) as Partial<RedisSettings>;
}

function retentionOf(given: PartialSettings['retention']): RetentionOptions | undefined {
  if (given === undefined) return undefined;
  const { count, age, bytes } = given;
  return {
    ...(count !== undefined && { count }),
    ...(age !== undefined && { age }),
    ...(bytes !== undefined && { bytes }),
  };
}
