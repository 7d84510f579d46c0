// A message as a person reads it: one line, whatever is in it.

import type { Message } from '../core/message.ts';
import { paint } from './paint.ts';
import { shown } from './output.ts';

/** `isMany`: messages of several channels, so it says which. */
export function messageText(message: Message, isMany: boolean): string {
  const { channelId, offset, authorId, authorName, type, content } = message;
  const { dim, bold } = paint(process.stdout);
  const place = isMany ? `${shown(channelId)} ${offset}` : String(offset);
  const kind = type === 'text' ? '' : dim(` [${shown(type)}]`);
  return `${dim(place)} ${bold(shown(authorName ?? authorId))}${kind}: ${shown(content)}`;
}
