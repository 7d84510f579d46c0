// What a control block says: that a message was deleted, or a channel cleared.

import { messagesOf } from './block.ts';
import type { Block } from './block.ts';

export interface ControlNotice {
  readonly action: 'delete' | 'clear';
  readonly channelId: string;
  /** What was deleted. */
  readonly id?: string;
  readonly offset?: number;
}

export function controlOf(block: Block): ControlNotice {
  const { channelId, control = 'delete' } = block.header;
  const [said] = messagesOf(block, 0);
  return { action: control, channelId, ...(said?.content as Pick<ControlNotice, 'id' | 'offset'> | undefined) };
}
