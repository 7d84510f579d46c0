// The messages, by day and by author: who writes several in a row is named once.

import { useRef } from 'preact/hooks';
import type { RefObject, VNode } from 'preact';
import type { Entry, Feed } from '../model/feed.ts';
import { MessageRow } from './message-row.tsx';
import { dayOf, isSameDay } from './words.ts';

const pause = 5 * 60_000;

interface MessageRowsProps {
  readonly feed: Feed;
  readonly entries: readonly Entry[];
  readonly me: string;
  readonly onEdit: RefObject<(text: string) => void>;
}

interface Drawn {
  readonly entry: Entry;
  readonly follows: boolean;
  readonly day: string | undefined;
  readonly row: VNode;
}

function goesOn(entry: Entry, before: Entry): boolean {
  return (
    before.authorId === entry.authorId &&
    before.authorName === entry.authorName &&
    entry.timestamp - before.timestamp < pause
  );
}

export function MessageRows({ feed, entries, me, onEdit }: MessageRowsProps): VNode {
  const drawn = useRef<ReadonlyMap<string, Drawn>>(new Map());
  const edit = (entry: Entry): void => {
    feed.discard(entry.id);
    onEdit.current?.(entry.text);
  };
  const draw = (entry: Entry, at: number): Drawn => {
    const { id, authorId } = entry;
    const before = entries[at - 1];
    const day =
      before !== undefined && isSameDay(before.timestamp, entry.timestamp) ? undefined : dayOf(entry.timestamp);
    const follows = before !== undefined && day === undefined && goesOn(entry, before);
    const last = drawn.current.get(id);
    // The same row again costs nothing: with hundreds of them, a new message draws one.
    if (last?.entry === entry && last.follows === follows && last.day === day) return last;
    const actions = { onRetry: () => feed.retry(id), onEdit: () => edit(entry) };
    const row = <MessageRow key={id} entry={entry} mine={authorId === me} follows={follows} day={day} {...actions} />;
    return { entry, follows, day, row };
  };
  const rows = entries.map(draw);
  drawn.current = new Map(rows.map((row) => [row.entry.id, row]));
  return <ol class="messages">{rows.map(({ row }) => row)}</ol>;
}
