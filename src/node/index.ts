// busline/node: what a hub is made of. It needs Node, and the packages that it names as peers.

export { RedisLog } from './redis-log/redis-log.ts';
export type { RedisLogOptions } from './redis-log/redis-log.ts';
