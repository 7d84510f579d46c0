// What a channel held before an offset, the bus's own messages too.

import type { Inside } from './inside.ts';
import type { Message } from './message.ts';

const pageMessages = 2048;

export interface Older {
  /** Oldest first. */
  readonly messages: readonly Message[];
  /** Which log they are of; '' if there is none. */
  readonly logId: string;
  /** What was read lies after it; nothing lies before it if it is 0. */
  readonly after: number;
}

/** The messages of the `count` offsets up to and with `upTo`. */
export async function readOlder(inside: Inside, channelId: string, upTo: number, count: number): Promise<Older> {
  const after = Math.max(0, upTo - count);
  const messages: Message[] = [];
  let logId = '';
  for (let at = after; at < upTo;) {
    const page = await inside.host.page(channelId, at, Math.min(upTo - at, pageMessages));
    const last = page.blocks.at(-1);
    logId = page.logId;
    if (last === undefined || upTo < page.first) return { messages, logId, after: 0 };
    for (const block of page.blocks) {
      const { kind, expiresAt = Infinity } = block.header;
      if (kind !== 'data' || expiresAt <= inside.platform.now()) continue;
      const { all, unfit } = inside.read(block, block.offset);
      messages.push(...all.filter(({ offset }) => offset > after && offset <= upTo && !unfit.has(offset)));
    }
    at = last.offset;
  }
  return { messages, logId, after };
}
