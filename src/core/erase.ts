// Deleting and clearing, on the side of who asks for it: a message is known by its id here, and by its place at the host.

import { checkChannel } from './channel.ts';
import { controlOf } from './control.ts';
import { busError } from './errors.ts';
import { messageOfId } from './history.ts';
import type { Source } from './history.ts';
import type { Host } from './host.ts';
import type { Inside } from './inside.ts';
import { beginType, endId } from './stream-messages.ts';

interface Erased {
  readonly host: Pick<Host, 'page' | 'erase' | 'clear'>;
  readonly read: Inside['read'];
}

/** Rejects with `INVALID_INPUT` if there is no such message; one that was deleted before is no error. */
export async function deleteMessage(
  { host, read }: Erased,
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
  const found = await messageOfId(source, channelId, id, head);
  if (found === undefined && deleted.has(id)) return;
  if (found === undefined)
    throw busError('INVALID_INPUT', `deleteMessage: there is no message "${id}" in channel "${channelId}".`);
  if (found.type === beginType) {
    // The text of a stream is in the message that ends it.
    const end = await messageOfId(source, channelId, endId(id), head, found.offset);
    if (end !== undefined) await host.erase(channelId, end.offset, end.id, author);
  }
  await host.erase(channelId, found.offset, id, author);
}

export async function clearChannel({ host }: Erased, channelId: string, author: string): Promise<void> {
  checkChannel(channelId);
  await host.clear(channelId, author);
}
