// What is said about channels: kept beside the log, under names that begin so.

import type { Log } from './log.ts';
import type { ChannelDescription } from './message-bus.ts';

export const channelPrefix = 'channel:';

export async function descriptionsIn(log: Log): Promise<ReadonlyMap<string, ChannelDescription>> {
  const records = await log.records(channelPrefix);
  return new Map(
    [...records].map(([name, record]) => [name.slice(channelPrefix.length), record as ChannelDescription]),
  );
}
