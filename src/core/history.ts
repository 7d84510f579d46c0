// What a channel holds, read on demand. Offsets are contiguous, so a place in the log is found by counting.

import type { StoredBlock } from './block.ts';
import { checkChannel } from './channel.ts';
import { busError } from './errors.ts';
import type { Host } from './host.ts';
import type { Reading } from './reading.ts';
import { isUuid7, timeOfId } from './id.ts';
import type { ChannelHead, Page, Position } from './log.ts';
import type { Message } from './message.ts';
import type { HistoryOptions } from './message-bus.ts';
import { onAbort } from './platform.ts';
import { passes } from './subscription.ts';

const pageMessages = 2048;
const defaultLimit = 100;
/** How far the clocks of two senders may lie apart before a message is not found by its id. */
const clockTolerance = 120_000;

export interface Source {
  readonly host: Pick<Host, 'page'>;
  read(block: StoredBlock, offset: number): Pick<Reading, 'messages'>;
  /** Control blocks, which hold no messages. */
  control?(block: StoredBlock): void;
}

/** Messages with `low < offset <= high`, oldest first. */
export async function range(source: Source, channelId: string, low: number, high: number): Promise<Message[]> {
  const found: Message[] = [];
  for (let after = low; after < high;) {
    const page: Page = await source.host.page(channelId, after, Math.min(high - after, pageMessages));
    for (const block of page.blocks) {
      if (block.header.kind === 'control') {
        source.control?.(block);
        continue;
      }
      for (const message of source.read(block, block.offset).messages) {
        if (message.offset > low && message.offset <= high) found.push(message);
      }
    }
    const last = page.blocks.at(-1);
    if (last === undefined) break;
    after = last.offset;
  }
  return found;
}

/** The newest places are looked at first, none of them at or below `least`. */
export async function messageOfId(
  source: Source,
  channelId: string,
  id: string,
  { head, first }: ChannelHead,
  least: number = first - 1,
): Promise<Message | undefined> {
  const notBefore = isUuid7(id) ? timeOfId(id) - clockTolerance : 0;
  for (let high = head; high > least;) {
    const low = Math.max(least, high - pageMessages);
    const messages = await range(source, channelId, low, high);
    const found = messages.find((message) => message.id === id);
    if (found !== undefined) return found;
    const oldest = messages[0];
    // A message may claim any time, and have any id that its sender gave; only a UUIDv7 says when it was sent.
    if (oldest !== undefined && isUuid7(oldest.id) && timeOfId(oldest.id) < notBefore) break;
    high = low;
  }
  return undefined;
}

async function offsetOfId(source: Source, channelId: string, id: string, head: Page): Promise<number> {
  const found = await messageOfId(source, channelId, id, head);
  if (found !== undefined) return found.offset;
  throw busError('INVALID_INPUT', `history: there is no message "${id}" in channel "${channelId}".`);
}

async function offsetOf(source: Source, channelId: string, place: Position | string, head: Page): Promise<number> {
  if (typeof place === 'string') return offsetOfId(source, channelId, place, head);
  if (place.logId === head.logId || place.logId === '') return place.offset;
  throw busError(
    'INVALID_INPUT',
    `history: the position is of another log; channel "${channelId}" was cleared or replaced.`,
  );
}

async function read(source: Source, channelId: string, options: HistoryOptions): Promise<readonly Message[]> {
  checkChannel(channelId);
  const limit = options.limit ?? defaultLimit;
  if (!Number.isInteger(limit) || limit < 0)
    throw busError('INVALID_INPUT', `history: "limit" must be a whole number, not ${limit}.`);
  const { filter, before, after, signal } = options;
  const head = await source.host.page(channelId, Number.MAX_SAFE_INTEGER, 1);
  const high =
    before === undefined ? head.head : Math.min(head.head, (await offsetOf(source, channelId, before, head)) - 1);
  const low =
    after === undefined ? head.first - 1 : Math.max(head.first - 1, await offsetOf(source, channelId, after, head));
  const forward = after !== undefined;
  const isWanted = (): boolean => found.length < limit && signal?.aborted !== true;
  let found: Message[] = [];
  for (let from = low, to = high; from < to && isWanted();) {
    const step = filter === undefined ? limit - found.length : pageMessages;
    const [start, end] = forward ? [from, Math.min(to, from + step)] : [Math.max(from, to - step), to];
    const messages = await range(source, channelId, start, end);
    const wanted = filter === undefined ? messages : messages.filter((message) => passes(filter, message));
    found = forward ? found.concat(wanted) : wanted.concat(found);
    if (forward) from = end;
    else to = start;
  }
  return forward ? found.slice(0, limit) : found.slice(Math.max(0, found.length - limit));
}

/** Rejects as soon as the signal aborts, whatever the log does. */
export function readHistory(source: Source, channelId: string, options: HistoryOptions): Promise<readonly Message[]> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () =>
      reject(busError('ABORTED', 'history: the signal was aborted.', { cause: signal?.reason })),
    );
    read(source, channelId, options).then(resolve, reject).finally(forget);
  });
}
