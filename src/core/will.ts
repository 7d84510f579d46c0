// A last will: what the host is to store for a client that dies. So a stream whose writer is gone ends, and does not hang.

import type { Block } from './block.ts';
import type { SendOptions } from './message-bus.ts';

export interface Will {
  readonly id: string;
  /** It has a key of its own, so that storing it twice is harmless. */
  readonly block: Block;
}

/** What a send may carry beside what users give. */
export interface InnerSendOptions extends SendOptions {
  /** It is the bus's own: it may have a type that begins with "busline.". */
  readonly inner?: boolean;
  /** Stored with the message: what the host is to store if this client dies. The message needs an id of its own. */
  readonly will?: Will;
  /** The id of a will that this message makes needless. */
  readonly fulfils?: string;
}
