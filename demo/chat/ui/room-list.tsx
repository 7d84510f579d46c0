// The rooms as stops on a line. They are links, so the browser's own keys and menus work on them.

import type { TargetedKeyboardEvent, VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import type { Room } from '../model/rooms.ts';
import { useStore } from './use-store.ts';

interface RoomListProps {
  readonly chat: Chat;
  readonly onChosen: (() => void) | undefined;
}

const steps: Record<string, (at: number, last: number) => number> = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_at, last) => last,
};

function walk(event: TargetedKeyboardEvent<HTMLUListElement>): void {
  const links = [...event.currentTarget.querySelectorAll('a')];
  const at = links.findIndex((link) => link === document.activeElement);
  const step = steps[event.key];
  if (step === undefined || at < 0) return;
  event.preventDefault();
  links[step(at, links.length - 1)]?.focus();
}

export function RoomList({ chat, onChosen }: RoomListProps): VNode {
  const known = useStore(chat.rooms);
  const unread = useStore(chat.unread);
  const { isKnown } = useStore(chat.reads);
  const place = useStore(chat.route);
  const current = 'room' in place ? place.room : undefined;
  // An address may lead to a room that nobody has made or written into.
  const isNew = current !== undefined && known.every(({ slug }) => slug !== current);
  const rooms = isNew ? [...known, chat.rooms.at(current)] : known;
  return (
    <nav aria-label="Rooms" aria-busy={!isKnown} class="rooms">
      <ul onKeyDown={walk}>
        {rooms.map((room) => (
          <li key={room.slug}>
            <RoomLink
              room={room}
              current={room.slug === current}
              unread={unread.get(room.slug) ?? 0}
              onChosen={onChosen}
            />
          </li>
        ))}
      </ul>
    </nav>
  );
}

interface RoomLinkProps extends Pick<RoomListProps, 'onChosen'> {
  readonly room: Room;
  readonly current: boolean;
  readonly unread: number;
}

function RoomLink({ room, current, unread, onChosen }: RoomLinkProps): VNode {
  const more = current ? ({ 'aria-current': 'page' } as const) : {};
  return (
    <a class="stop" href={`#${room.slug}`} {...more} onClick={onChosen}>
      <span class="stop-name">{room.title}</span>
      {unread > 0 && (
        <span class="unread">
          {unread > 99 ? '99+' : unread}
          <span class="for-readers"> unread</span>
        </span>
      )}
    </a>
  );
}
