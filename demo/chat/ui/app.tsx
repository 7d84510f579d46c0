// The page: the rooms, and the one that is open.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import { Banners } from './banners.tsx';
import { MenuIcon } from './icons.tsx';
import { RoomPane } from './room-pane.tsx';
import { RoomsDialog } from './rooms-dialog.tsx';
import { Sidebar } from './sidebar.tsx';
import { StatusLine } from './status-line.tsx';
import { useNarrow } from './use-narrow.ts';
import { useValue } from './use-value.ts';

export function App({ chat }: { readonly chat: Chat }): VNode {
  const { current, unread } = useValue(chat.rooms);
  const narrow = useNarrow();
  const [choosing, setChoosing] = useState(false);
  const [drafts] = useState(() => new Map<string, string>());
  const composer = useRef<HTMLTextAreaElement>(null);
  const news = [...unread.values()].reduce((sum, count) => sum + count, 0);

  useEffect(() => {
    document.title = `${news > 0 ? `(${news}) ` : ''}${current.title} · Busline chat`;
  }, [current.title, news]);
  useEffect(() => {
    setChoosing(false);
    // On a touch screen this would raise the keyboard over what one came to read.
    if (!narrow) composer.current?.focus();
  }, [current.slug, narrow]);

  const skip = (event: Event): void => {
    event.preventDefault();
    composer.current?.focus();
  };
  const menuName = news > 0 ? `Rooms, ${news} unread` : 'Rooms';
  return (
    <div class="chat">
      <a class="skip" href="#message-box" onClick={skip}>
        Skip to the message box
      </a>
      {!narrow && (
        <aside class="side" aria-label="Rooms and you">
          <Sidebar chat={chat} />
        </aside>
      )}
      <main class="room">
        <header class="room-head">
          {narrow && (
            <button
              type="button"
              class="icon-button"
              aria-label={menuName}
              aria-haspopup="dialog"
              onClick={() => setChoosing(true)}
            >
              <MenuIcon />
              {news > 0 && <span class="news-dot" />}
            </button>
          )}
          <h1>{current.title}</h1>
          {current.about !== '' && <p>{current.about}</p>}
        </header>
        <Banners chat={chat} />
        <RoomPane key={current.slug} chat={chat} room={current} drafts={drafts} composer={composer} />
        <StatusLine chat={chat} />
      </main>
      {narrow && choosing && <RoomsDialog chat={chat} onClose={() => setChoosing(false)} />}
    </div>
  );
}
