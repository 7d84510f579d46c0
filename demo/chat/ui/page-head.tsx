import type { RefObject, VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import type { Room } from '../model/rooms.ts';
import { HereList } from './here-list.tsx';
import { MenuIcon, SearchIcon } from './icons.tsx';

interface PageHeadProps {
  readonly chat: Chat;
  readonly title: string;
  readonly room: Room | undefined;
  readonly titleRef: RefObject<HTMLHeadingElement | null>;
  /** What is unread in all rooms. */
  readonly news: number;
  readonly onMenu: (() => void) | undefined;
  readonly onSearch: () => void;
}

export function PageHead({ chat, title, room, titleRef, news, onMenu, onSearch }: PageHeadProps): VNode {
  return (
    <header class="room-head">
      {onMenu !== undefined && (
        <button
          type="button"
          class="icon-button"
          aria-label={news > 0 ? `Rooms, ${news} unread` : 'Rooms'}
          aria-haspopup="dialog"
          onClick={onMenu}
        >
          <MenuIcon />
          {news > 0 && <span class="news-dot" />}
        </button>
      )}
      <h1 ref={titleRef} tabIndex={-1}>
        {title}
      </h1>
      <p>{room?.about}</p>
      {room !== undefined && <HereList key={room.slug} chat={chat} room={room} />}
      <button
        type="button"
        class="icon-button"
        aria-label="Search"
        title="Search (Ctrl+K)"
        aria-haspopup="dialog"
        onClick={onSearch}
      >
        <SearchIcon />
      </button>
    </header>
  );
}
