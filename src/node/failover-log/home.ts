// What the failover needs of the log that is home: the one that all machines share, and that may be away.

import type { ChannelHead } from '../../core/log.ts';
import type { SharedLog } from '../../core/group-keeper.ts';
import type { Store } from '../../core/store.ts';

/** A channel, and how far each of its producers has come in it, both at one moment. */
export interface ProducerTable {
  readonly head: ChannelHead;
  readonly last: ReadonlyMap<string, number>;
}

/** It takes no block whose producer has another one before it, and tries until it has an answer. */
export interface Home extends SharedLog {
  readonly isThere: Store<boolean>;
  /** Of all of them, or of these. */
  producers(channelId: string, only?: readonly string[]): Promise<ProducerTable>;
}
