// Which log a hub works on: Redis where it is set, else files. It says which, and what is not as it should be there.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, isBusError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { RetentionOptions } from '../../core/retention.ts';
import { FailoverLog } from '../failover-log/failover-log.ts';
import { FileLog } from '../file-log/file-log.ts';
import { RedisLog } from '../redis-log/redis-log.ts';
import { redisPackage } from '../redis-log/redis-package.ts';
import type { HubLogger } from './logger.ts';
import { shownAddress } from './redis-address.ts';
import { defaults } from './settings-options.ts';
import type { Settings } from './settings.ts';
import type { Watch } from './watch.ts';

/** Source 002: several machines over Redis, or one over files. */
export type HubMode = 'distributed' | 'degraded' | 'isolated';

export interface HubLog {
  readonly log: Log;
  readonly retention: RetentionOptions;
}

export async function openLog(settings: Settings, logger: HubLogger, watch: Watch): Promise<HubLog> {
  const { redis, directory, withoutRedis } = settings;
  if (redis === undefined) {
    const opened = await openFiles(settings, watch);
    logger.info({ mode: modeOf(opened.log), directory }, 'the hub works on files, because no Redis is set');
    return opened;
  }
  const address = shownAddress(redis.url);
  try {
    const opened = await openRedis(settings, redis, logger, watch);
    logger.info({ mode: modeOf(opened.log), redis: address, directory }, 'the hub works on Redis');
    return opened;
  } catch (error) {
    if (withoutRedis === 'fail' || !isBusError(error) || error.code !== 'REDIS_AWAY') throw error;
    const opened = await openFiles(settings, watch);
    const what = { mode: modeOf(opened.log), directory, redis: address, why: error.message };
    logger.warn(what, 'the hub works on files, because Redis does not answer; what it stores will not reach Redis');
    return opened;
  }
}

async function openRedis(
  settings: Settings,
  redis: NonNullable<Settings['redis']>,
  logger: HubLogger,
  watch: Watch,
): Promise<HubLog> {
  // What is missing for good is not tried again and again.
  redisPackage();
  const home = await RedisLog.open({ ...redis, onLoss: watch.lost });
  try {
    for (const { level, what, advice } of await home.findings())
      logger[level === 'problem' ? 'error' : 'warn']({ advice }, what);
  } catch (error) {
    logger.warn({ why: describe(error) }, 'how Redis is set up could not be looked at');
  }
  const { directory, retention = {} } = settings;
  const spill = join(directory, 'spill');
  const { deadline } = redis;
  const log = await FailoverLog.open({
    home,
    spill: () => FileLog.open({ directory: spill, onError: watch.failed }),
    isSpilt: existsSync(spill),
    onError: watch.failed,
    onLoss: watch.lostUnsent,
    ...(deadline !== undefined && { patience: deadline }),
  });
  log.place.subscribe(() => {
    if (modeOf(log) === 'isolated')
      logger.warn({ directory }, 'Redis is away: the hub works on files until it is back');
    else logger.info({}, 'Redis is back');
  });
  return { log, retention };
}

async function openFiles(
  { directory, retention = { bytes: defaults.bytes } }: Settings,
  watch: Watch,
): Promise<HubLog> {
  return { log: await FileLog.open({ directory, onError: watch.failed }), retention };
}

export function modeOf({ kind, place }: Log): HubMode {
  return (place?.getSnapshot() ?? kind) === 'redis' ? 'distributed' : 'isolated';
}
