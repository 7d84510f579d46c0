// The messages, by day and by author: who writes several in a row is named once.

import type { RefObject, VNode } from 'preact';
import type { Entry, Feed } from '../model/feed.ts';
import { MessageRow } from './message-row.tsx';
import { dayOf } from './words.ts';

const pause = 5 * 60_000;

interface MessageRowsProps {
  readonly feed: Feed;
  readonly entries: readonly Entry[];
  readonly me: string;
  readonly onEdit: RefObject<(text: string) => void>;
}

function goesOn(entry: Entry, before: Entry | undefined): boolean {
  return (
    before !== undefined &&
    before.authorId === entry.authorId &&
    before.authorName === entry.authorName &&
    entry.timestamp - before.timestamp < pause &&
    dayOf(before.timestamp) === dayOf(entry.timestamp)
  );
}

export function MessageRows({ feed, entries, me, onEdit }: MessageRowsProps): VNode {
  const edit = (entry: Entry): void => {
    feed.discard(entry.id);
    onEdit.current?.(entry.text);
  };
  const row = (entry: Entry, at: number): VNode => {
    const before = entries[at - 1];
    const day = dayOf(entry.timestamp);
    return (
      <MessageRow
        key={entry.id}
        entry={entry}
        mine={entry.authorId === me}
        follows={goesOn(entry, before)}
        {...(before !== undefined && dayOf(before.timestamp) === day ? {} : { day })}
        onRetry={() => feed.retry(entry.id)}
        onEdit={() => edit(entry)}
      />
    );
  };
  return <ol class="messages">{entries.map(row)}</ol>;
}
