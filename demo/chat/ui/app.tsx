// The page: the rooms, and what is open beside them.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import { AgentsPage } from './agents-page.tsx';
import { Banners } from './banners.tsx';
import { DataPage } from './data-page.tsx';
import { NoticeBox } from './notice-box.tsx';
import { PageHead } from './page-head.tsx';
import { RoomPane } from './room-pane.tsx';
import { RoomsDialog } from './rooms-dialog.tsx';
import { SearchDialog } from './search-dialog.tsx';
import { Sidebar } from './sidebar.tsx';
import { StatusLine } from './status-line.tsx';
import { useNarrow } from './use-narrow.ts';
import { useStore } from './use-store.ts';

type Open = 'rooms' | 'search' | undefined;

export function App({ chat }: { readonly chat: Chat }): VNode {
  const place = useStore(chat.route);
  const news = [...useStore(chat.unread).values()].reduce((sum, count) => sum + count, 0);
  const narrow = useNarrow();
  const [open, setOpen] = useState<Open>();
  const composer = useRef<HTMLTextAreaElement>(null);
  const head = useRef<HTMLHeadingElement>(null);
  useStore(chat.rooms);
  const room = 'room' in place ? chat.rooms.at(place.room) : undefined;
  const title = room?.title ?? ('page' in place && place.page === 'agents' ? 'Agents' : 'Data');

  useEffect(() => {
    document.title = `${news > 0 ? `(${news}) ` : ''}${title} · Busline chat`;
  }, [title, news]);
  useArrival(title, () => {
    setOpen((now) => (now === 'rooms' ? undefined : now));
    if (room === undefined) head.current?.focus();
    // On a touch screen this would raise the keyboard over what one came to read.
    else if (!narrow && chat.wanted.getSnapshot() === undefined) composer.current?.focus();
  });
  useSearchKey(() => setOpen('search'));

  const skip = (event: Event): void => {
    event.preventDefault();
    (composer.current ?? head.current)?.focus();
  };
  return (
    <div class="chat">
      <a class="skip" href={room === undefined ? '#page' : '#message-box'} onClick={skip}>
        {room === undefined ? 'Skip to the page' : 'Skip to the message box'}
      </a>
      {!narrow && (
        <aside class="side" aria-label="Rooms and you">
          <Sidebar chat={chat} />
        </aside>
      )}
      <main class="room">
        <PageHead
          chat={chat}
          title={title}
          room={room}
          titleRef={head}
          news={news}
          onMenu={narrow ? () => setOpen('rooms') : undefined}
          onSearch={() => setOpen('search')}
        />
        <Banners chat={chat} />
        {room !== undefined && <RoomPane key={room.slug} chat={chat} room={room} composer={composer} />}
        {'page' in place && place.page === 'agents' && <AgentsPage chat={chat} />}
        {'page' in place && place.page === 'data' && <DataPage chat={chat} />}
        <StatusLine chat={chat} />
        <NoticeBox notices={chat.notices} />
      </main>
      {narrow && open === 'rooms' && <RoomsDialog chat={chat} onClose={() => setOpen(undefined)} />}
      {open === 'search' && <SearchDialog chat={chat} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

/** Runs it whenever another place is shown, after it was drawn. */
function useArrival(place: string, arrive: () => void): void {
  useEffect(arrive, [place]);
}

function useSearchKey(search: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      search();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}
