// busline/node: the bus on a server. It needs Node; the package `redis` only where Redis is used.

export { openHub } from './hub/open-hub.ts';
export type { HubOptions } from './hub/open-hub.ts';
export type { Hub } from './hub/hub.ts';
export type { HubMode } from './hub/log-choice.ts';
export type { HubLogger } from './hub/logger.ts';
export type { HubSettings, LogLevel, RedisSettings } from './hub/settings-options.ts';
export { FileLog } from './file-log/file-log.ts';
export type { FileLogOptions } from './file-log/file-log.ts';
export { RedisLog } from './redis-log/redis-log.ts';
export type { RedisLogOptions } from './redis-log/redis-log.ts';
export type { Loss } from './redis-log/recovery-part.ts';
export type { Finding } from './finding.ts';
export { hubAdvice } from './hub-error.ts';
export type { HubErrorCode } from './hub-error.ts';
