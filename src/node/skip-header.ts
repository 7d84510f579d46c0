import type { Header } from '../core/block.ts';

/** Of what stands in the place of messages that nobody has any more. `createdAt` is in milliseconds since the epoch. */
export function skipHeader(channelId: string, count: number, createdAt: number): Header {
  return {
    v: 1,
    kind: 'skip',
    channelId,
    serverId: 'local',
    authorId: 'busline',
    count,
    firstId: '',
    createdAt,
    codec: 'json',
  };
}
