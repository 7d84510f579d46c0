// busline/node: what a hub is made of. It needs Node, and the packages that it names as peers.

export { FileLog } from './file-log/file-log.ts';
export type { FileLogOptions } from './file-log/file-log.ts';
export { RedisLog } from './redis-log/redis-log.ts';
export type { RedisLogOptions } from './redis-log/redis-log.ts';
export { hubAdvice } from './hub-error.ts';
export type { HubErrorCode } from './hub-error.ts';
