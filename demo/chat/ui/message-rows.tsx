// The messages, by day and by author: who writes several in a row is named once. One row at a time can be reached by Tab, with
// its buttons; the arrow keys go from row to row.

import { useRef, useState } from 'preact/hooks';
import type { RefObject, TargetedKeyboardEvent, VNode } from 'preact';
import type { Entry } from 'busline';
import type { Chat } from '../model/chat.ts';
import { contentOf } from '../model/content.ts';
import type { ReadsView } from '../model/reads.ts';
import { channelOf } from '../model/rooms.ts';
import type { Room } from '../model/rooms.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { MessageRow } from './message-row.tsx';
import { useRowActions } from './use-row-actions.ts';
import { useStore } from './use-store.ts';
import { dayOf, isSameDay, listOf } from './words.ts';

const pause = 5 * 60_000;

interface MessageRowsProps {
  readonly chat: Chat;
  readonly room: Room;
  readonly entries: readonly Entry[];
  /** The id of the one that was looked for. */
  readonly found: string | undefined;
  readonly onEdit: RefObject<(text: string) => void>;
  readonly composer: RefObject<HTMLTextAreaElement | null>;
}

/** All that a row shows. */
interface Drawn {
  readonly entry: Entry;
  readonly follows: boolean;
  readonly day: string | undefined;
  readonly readBy: string;
  readonly isCurrent: boolean;
  readonly isFound: boolean;
}

function goesOn(entry: Entry, before: Entry): boolean {
  return (
    before.authorId === entry.authorId &&
    before.authorName === entry.authorName &&
    entry.timestamp - before.timestamp < pause
  );
}

/** The names of those who have read this far. */
function readersOf({ channelId, offset }: Entry, { others }: ReadsView, logId: string | undefined): string {
  if (offset === 0) return '';
  const readers = others.filter(({ at }) => at[channelId]?.logId === logId && (at[channelId]?.offset ?? 0) >= offset);
  return listOf(readers.map(({ name }) => name));
}

const steps: Record<string, (row: Element) => Element | null | undefined> = {
  ArrowDown: (row) => row.nextElementSibling,
  ArrowUp: (row) => row.previousElementSibling,
  Home: (row) => row.parentElement?.firstElementChild,
  End: (row) => row.parentElement?.lastElementChild,
};

function walk(event: TargetedKeyboardEvent<HTMLOListElement>): void {
  const row = event.target as Element;
  const step = steps[event.key];
  if (step === undefined || row.parentElement !== event.currentTarget) return;
  event.preventDefault();
  (step(row) as HTMLElement | null)?.focus();
}

export function MessageRows({ chat, room, entries, found, onEdit, composer }: MessageRowsProps): VNode {
  const reads = useStore(chat.reads);
  const { logId } = chat.unread.logOf(channelOf(room)) ?? {};
  const [chosen, setChosen] = useState<string>();
  const drawn = useRef<ReadonlyMap<string, readonly [Drawn, VNode]>>(new Map());
  const { actions, asked, forget, remove } = useRowActions({ chat, room, entries, onEdit, composer });
  const me = chat.person.id;
  const current = entries.some(({ id }) => id === chosen) ? chosen : entries.at(-1)?.id;

  const draw = (entry: Entry, at: number): readonly [Drawn, VNode] => {
    const before = entries[at - 1];
    const isNewDay = before === undefined || !isSameDay(before.timestamp, entry.timestamp);
    const row: Drawn = {
      entry,
      day: isNewDay ? dayOf(entry.timestamp) : undefined,
      follows: before !== undefined && !isNewDay && goesOn(entry, before),
      readBy: entry.authorId === me ? readersOf(entry, reads, logId) : '',
      isCurrent: entry.id === current,
      isFound: entry.id === found,
    };
    const last = drawn.current.get(entry.id);
    // The same row again costs nothing: with hundreds of them, a new message draws one.
    if (last !== undefined && isSame(last[0], row)) return last;
    const focus = (): void => setChosen(entry.id);
    return [row, <MessageRow key={entry.id} {...row} mine={entry.authorId === me} actions={actions} onFocus={focus} />];
  };
  const rows = entries.map(draw);
  drawn.current = new Map(rows.map((row) => [row[0].entry.id, row]));
  return (
    <>
      <ol class="messages" onKeyDown={walk}>
        {rows.map(([, row]) => row)}
      </ol>
      {asked !== undefined && (
        <ConfirmDialog title="Delete this message?" act="Delete" onAct={() => remove(asked)} onClose={forget}>
          It goes from every tab and from the disk, and cannot be brought back:{' '}
          <q>{contentOf(asked).text.slice(0, 80)}</q>
        </ConfirmDialog>
      )}
    </>
  );
}

function isSame(a: Drawn, b: Drawn): boolean {
  return (Object.keys(a) as (keyof Drawn)[]).every((key) => a[key] === b[key]);
}
