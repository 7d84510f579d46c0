import type { VNode } from 'preact';
import { themes } from '../model/theme.ts';
import type { Chat } from '../model/chat.ts';
import { ThemeIcon } from './icons.tsx';
import { NewRoom } from './new-room.tsx';
import { PersonName } from './person-name.tsx';
import { RoomList } from './room-list.tsx';
import { useValue } from './use-value.ts';

interface SidebarProps {
  readonly chat: Chat;
  readonly onChosen?: () => void;
}

export function Sidebar({ chat, onChosen }: SidebarProps): VNode {
  return (
    <>
      <p class="brand">
        <img src="./favicon.svg" alt="" width="28" height="28" />
        <span>
          Busline <span class="quiet">chat</span>
        </span>
      </p>
      <RoomList rooms={chat.rooms} onChosen={onChosen} />
      <NewRoom rooms={chat.rooms} onMade={onChosen} />
      <div class="side-foot">
        <PersonName person={chat.person} />
        <ThemeButton theme={chat.theme} />
      </div>
    </>
  );
}

function ThemeButton({ theme }: Pick<Chat, 'theme'>): VNode {
  const now = useValue(theme);
  const next = themes[(themes.indexOf(now) + 1) % themes.length] ?? 'auto';
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`Theme: ${now}`}
      title={`Theme: ${now}`}
      onClick={() => theme.set(next)}
    >
      <ThemeIcon theme={now} />
    </button>
  );
}
