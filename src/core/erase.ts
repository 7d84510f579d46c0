// Deleting and clearing, on the side of who asks for it: a message is known by its id here, and by its place at the host.

import { checkChannel } from './channel.ts';
import { controlOf } from './control.ts';
import { busError, describe } from './errors.ts';
import { messageOfId, range } from './history.ts';
import type { Source } from './history.ts';
import type { Host } from './host.ts';
import type { Inside } from './inside.ts';
import type { Message } from './message.ts';
import { abortType, askType, beginType, endedBy, endId } from './stream-messages.ts';

interface Erased {
  readonly host: Pick<Host, 'page' | 'erase' | 'clear'>;
  readonly read: Inside['read'];
  readonly send: Inside['send'];
}

/** Rejects with `INVALID_INPUT` if there is no such message; one that was deleted before is no error. */
export async function deleteMessage(
  { host, read, send }: Erased,
  channelId: string,
  id: string,
  author: string,
): Promise<void> {
  checkChannel(channelId);
  const deleted = new Set<string | undefined>();
  const source: Source = {
    host,
    read: (block, offset) => ({ messages: read(block, offset).all }),
    control: (block) => deleted.add(controlOf(block).id),
  };
  const head = await host.page(channelId, Number.MAX_SAFE_INTEGER, 1);
  // Whoever does not read streams knows one by its end.
  const stream = endedBy(id);
  const found =
    (stream === undefined ? undefined : await messageOfId(source, channelId, stream, head)) ??
    (await messageOfId(source, channelId, id, head));
  if (found === undefined && deleted.has(id)) return;
  if (found === undefined)
    throw busError('INVALID_INPUT', `deleteMessage: there is no message "${id}" in channel "${channelId}".`);
  if (found.type === beginType) {
    send(
      { channelId, type: askType, content: { streamId: found.id, drop: true } },
      { ephemeral: true, inner: true },
    ).catch(describe);
    // The text of a stream is in the messages that end it.
    for (const { offset, id: own } of await endsOf(source, channelId, found, head.head))
      await host.erase(channelId, offset, own, author);
  }
  await host.erase(channelId, found.offset, found.id, author);
}

async function endsOf(source: Source, channelId: string, begin: Message, head: number): Promise<readonly Message[]> {
  const after = await range(source, channelId, begin.offset, head);
  return after.filter(
    ({ id, type, correlationId }) => id === endId(begin.id) || (type === abortType && correlationId === begin.id),
  );
}

export async function clearChannel({ host }: Erased, channelId: string, author: string): Promise<void> {
  checkChannel(channelId);
  // The end is looked up once: asked again at the next host, it must not take what was sent since.
  const { logId, head } = await host.page(channelId, Number.MAX_SAFE_INTEGER, 1);
  await host.clear(channelId, { logId, offset: head }, author);
}
