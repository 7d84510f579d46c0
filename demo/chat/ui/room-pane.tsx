import { useCallback, useMemo, useRef } from 'preact/hooks';
import type { RefObject, VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import { channelOf } from '../model/rooms.ts';
import type { Room } from '../model/rooms.ts';
import { Composer } from './composer.tsx';
import { EmptyRoom } from './empty-room.tsx';
import { DownIcon } from './icons.tsx';
import { MessageRows } from './message-rows.tsx';
import { TypingLine } from './typing-line.tsx';
import { useFollow } from './use-follow.ts';
import { useHere } from './use-here.ts';
import { useLive } from './use-live.ts';
import { useReading } from './use-reading.ts';
import { useWanted } from './use-wanted.ts';
import { countOf } from './words.ts';

/** So near to the top, older messages are fetched before they are missed. */
const nearTop = 300;

interface RoomPaneProps {
  readonly chat: Chat;
  readonly room: Room;
  readonly composer: RefObject<HTMLTextAreaElement | null>;
}

/** The messages of a room, and where one writes the next. */
export function RoomPane({ chat, room, composer }: RoomPaneProps): VNode {
  const channelId = channelOf(room);
  const here = useHere(chat, channelId);
  const live = useLive(chat.bus, channelId);
  const { entries, phase, hasOlder, isLoadingOlder, loadOlder } = live;
  const ids = useMemo(() => entries.map(({ id }) => id), [entries]);
  const follow = useFollow(ids);
  const found = useWanted(chat, channelId, live, follow);
  useReading(chat, { channelId, entries, isAtEnd: follow.isAtEnd });
  const edit = useRef<(text: string) => void>(() => undefined);
  const send = (text: string): void => {
    here.writes('');
    chat.send(room, text, (error) => {
      chat.notices.failed('It was not sent.', error);
      edit.current?.(text);
    });
    follow.toEnd();
  };
  const onScroll = useCallback((): void => {
    follow.onScroll();
    const top = follow.scroller.current?.scrollTop ?? 0;
    if (hasOlder && !isLoadingOlder && top < nearTop) loadOlder();
  }, [follow, hasOlder, isLoadingOlder]);
  const isBusy = phase.name === 'loading' || entries.some(({ state }) => state === 'streaming');
  const isEmpty = phase.name === 'ready' && entries.length === 0;

  return (
    <>
      <div class="log-frame">
        <div
          ref={follow.scroller}
          class="log"
          role="log"
          aria-label={`Messages in ${room.title}`}
          aria-busy={isBusy}
          tabIndex={0}
          onScroll={onScroll}
        >
          {phase.name === 'loading' && <Loading />}
          {phase.name === 'failed' && <p class="notice">This room could not be opened. {phase.reason}</p>}
          {isEmpty && <EmptyRoom room={room} onAsk={send} />}
          {hasOlder && (
            <button type="button" class="text-button earlier" onClick={loadOlder} disabled={isLoadingOlder}>
              {isLoadingOlder ? 'Loading …' : 'Show earlier messages'}
            </button>
          )}
          {entries.length > 0 && (
            <MessageRows chat={chat} room={room} entries={entries} found={found} onEdit={edit} composer={composer} />
          )}
        </div>
        {!follow.isAtEnd && entries.length > 0 && (
          <button type="button" class="to-end" onClick={follow.toEnd}>
            <DownIcon /> {follow.missed > 0 ? `${countOf(follow.missed)} new` : 'Latest'}
            <span class="for-readers"> {follow.missed === 1 ? 'message' : 'messages'}, go there</span>
          </button>
        )}
      </div>
      <TypingLine chat={chat} room={room} />
      <Composer input={composer} room={room} onSend={send} onWrite={(text) => here.writes(text)} edit={edit} />
    </>
  );
}

function Loading(): VNode {
  return (
    <div class="loading">
      <p class="for-readers">Loading messages …</p>
      {[70, 45, 60].map((width) => (
        <div key={width} class="ghost" aria-hidden="true">
          <span class="ghost-face" />
          <span class="ghost-line" data-width={width} />
        </div>
      ))}
    </div>
  );
}
