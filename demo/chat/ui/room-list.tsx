// The rooms as stops on a line. They are links, so the browser's own keys and menus work on them.

import type { TargetedKeyboardEvent, VNode } from 'preact';
import type { Room, Rooms } from '../model/rooms.ts';
import { useValue } from './use-value.ts';

interface RoomListProps {
  readonly rooms: Rooms;
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

export function RoomList({ rooms, onChosen }: RoomListProps): VNode {
  const view = useValue(rooms);
  return (
    <nav aria-label="Rooms" class="rooms">
      <ul onKeyDown={walk}>
        {view.rooms.map((room) => (
          <li key={room.slug}>
            <RoomLink
              room={room}
              current={room.slug === view.current.slug}
              unread={view.unread.get(room.slug) ?? 0}
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
