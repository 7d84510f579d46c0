import { useRef } from 'preact/hooks';
import type { RefObject, VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import type { Room } from '../model/rooms.ts';
import { Composer } from './composer.tsx';
import { EmptyRoom } from './empty-room.tsx';
import { DownIcon } from './icons.tsx';
import { MessageRows } from './message-rows.tsx';
import { useFollow } from './use-follow.ts';
import { useValue } from './use-value.ts';

interface RoomPaneProps {
  readonly chat: Chat;
  readonly room: Room;
  readonly drafts: Map<string, string>;
  readonly composer: RefObject<HTMLTextAreaElement | null>;
}

/** The messages of a room, and where one writes the next. */
export function RoomPane({ chat, room, drafts, composer }: RoomPaneProps): VNode {
  const feed = chat.feed(room);
  const { phase, reason, entries, hasEarlier } = useValue(feed);
  const follow = useFollow(entries[0]?.id, entries.findLast(({ state }) => state === 'stored')?.id);
  const edit = useRef<(text: string) => void>(() => undefined);
  const send = (text: string): void => {
    feed.send(text);
    follow.toEnd();
  };

  return (
    <>
      <div class="log-frame">
        <div
          ref={follow.scroller}
          class="log"
          role="log"
          aria-label={`Messages in ${room.title}`}
          aria-busy={phase === 'loading'}
          tabIndex={0}
          onScroll={follow.onScroll}
        >
          {phase === 'loading' && entries.length === 0 && <Loading />}
          {phase === 'failed' && <p class="notice">This room could not be opened. {reason}</p>}
          {phase === 'ready' && entries.length === 0 && <EmptyRoom room={room} onAsk={send} />}
          {hasEarlier && (
            <button type="button" class="text-button earlier" onClick={() => void feed.loadEarlier()}>
              Show earlier messages
            </button>
          )}
          {entries.length > 0 && <MessageRows feed={feed} entries={entries} me={chat.person.id} onEdit={edit} />}
        </div>
        {follow.missed && (
          <button type="button" class="to-end" onClick={follow.toEnd}>
            <DownIcon /> New messages
          </button>
        )}
      </div>
      <Composer input={composer} room={room} drafts={drafts} onSend={send} edit={edit} />
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
