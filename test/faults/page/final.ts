// What is there at the end, as a tab finds it that had no part in it.

import type { MessageBus } from 'busline';
import { plain, story, talk } from '../record.ts';
import type { Final, FinalChannel, StoredMessage } from '../record.ts';

interface Numbered {
  readonly life?: string;
  readonly n?: number;
}

async function channel(bus: MessageBus, channelId: string, at: Omit<FinalChannel, 'messages'>): Promise<FinalChannel> {
  const history = await bus.history(channelId, { limit: 1_000_000 });
  const messages = history.map(({ id, offset, type, content, inReplyTo }): StoredMessage => {
    const { life, n } = (typeof content === 'object' && content !== null ? content : {}) as Numbered;
    return {
      id,
      offset,
      type,
      ...(life !== undefined && { life }),
      ...(n !== undefined && { n }),
      ...(inReplyTo !== undefined && { inReplyTo }),
      ...(typeof content === 'string' && { text: content }),
    };
  });
  return { ...at, messages };
}

/** A list as it stands when its history has come. */
async function streaming(bus: MessageBus): Promise<readonly string[]> {
  const list = bus.live(story, { last: 100_000 });
  await bus.subscribe(story, () => undefined, { from: 'earliest' }).ready;
  const found = list
    .getSnapshot()
    .filter(({ state }) => state === 'streaming')
    .map(({ id }) => id);
  list.close();
  return found;
}

export async function lookAtAll(bus: MessageBus): Promise<Final> {
  const known = new Map((await bus.admin.channels()).map((info) => [info.channelId, info]));
  const channels: Record<string, FinalChannel> = {};
  for (const channelId of [...plain, talk, story]) {
    const { logId = '', first = 1, head = 0 } = known.get(channelId) ?? {};
    channels[channelId] = await channel(bus, channelId, { logId, first, head });
  }
  const deadLetters = await bus.admin.deadLetters({ limit: 100_000 });
  return {
    channels,
    groups: await bus.admin.groups(),
    deadLetters: deadLetters.map(({ message: { channelId, offset }, reason }) => ({ channelId, offset, reason })),
    streaming: await streaming(bus),
  };
}
