import type { VNode } from 'preact';
import { addressOfSomebodyNew } from '../model/person.ts';
import { themes } from '../model/theme.ts';
import type { Chat } from '../model/chat.ts';
import { pages } from '../model/route.ts';
import type { Page } from '../model/route.ts';
import { AgentsIcon, DataIcon, NewTabIcon, ThemeIcon } from './icons.tsx';
import { NewRoom } from './new-room.tsx';
import { PersonName } from './person-name.tsx';
import { RoomList } from './room-list.tsx';
import { useStore } from './use-store.ts';

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
      <RoomList chat={chat} onChosen={onChosen} />
      <NewRoom chat={chat} onMade={onChosen} />
      <nav class="pages" aria-label="Pages">
        <ul>
          {pages.map((page) => (
            <li key={page}>
              <PageLink chat={chat} page={page} onChosen={onChosen} />
            </li>
          ))}
          <li>
            <a class="page-link" href={addressOfSomebodyNew()} target="_blank" rel="noopener" onClick={onChosen}>
              <NewTabIcon />
              <span>
                Join as someone else<span class="for-readers">, in a new tab</span>
              </span>
            </a>
          </li>
        </ul>
      </nav>
      <div class="side-foot">
        <PersonName person={chat.person} />
        <ThemeButton theme={chat.theme} />
      </div>
    </>
  );
}

const pageNames: Record<Page, string> = { agents: 'Agents', data: 'Data' };

interface PageLinkProps {
  readonly chat: Chat;
  readonly page: Page;
  readonly onChosen: (() => void) | undefined;
}

function PageLink({ chat, page, onChosen }: PageLinkProps): VNode {
  const place = useStore(chat.route);
  const current = 'page' in place && place.page === page ? ({ 'aria-current': 'page' } as const) : {};
  return (
    <a class="page-link" href={`#/${page}`} {...current} onClick={onChosen}>
      {page === 'agents' ? <AgentsIcon /> : <DataIcon />}
      {pageNames[page]}
    </a>
  );
}

function ThemeButton({ theme }: Pick<Chat, 'theme'>): VNode {
  const now = useStore(theme);
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
