// Who has this room open, as a number that opens into a list.

import { useRef } from 'preact/hooks';
import type { TargetedFocusEvent, TargetedKeyboardEvent, VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import { guestsOf } from '../model/here.ts';
import type { Guest } from '../model/here.ts';
import { channelOf } from '../model/rooms.ts';
import type { Room } from '../model/rooms.ts';
import { Avatar } from './avatar.tsx';
import { useStore } from './use-store.ts';
import { tabsOf } from './words.ts';

const mostFaces = 3;

export function HereList({ chat, room }: { readonly chat: Chat; readonly room: Room }): VNode {
  const guests = guestsOf(useStore(chat.bus.presence(channelOf(room))));
  const details = useRef<HTMLDetailsElement>(null);
  const close = (): void => {
    if (details.current !== null) details.current.open = false;
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDetailsElement>): void => {
    if (event.key !== 'Escape' || details.current?.open !== true) return;
    close();
    details.current.querySelector('summary')?.focus();
  };
  const onBlur = ({ relatedTarget, currentTarget }: TargetedFocusEvent<HTMLDetailsElement>): void => {
    if (!currentTarget.contains(relatedTarget as Node | null)) close();
  };
  return (
    <details ref={details} class="here" onKeyDown={onKeyDown} onBlur={onBlur}>
      <summary>
        <span class="faces" aria-hidden="true">
          {guests.slice(0, mostFaces).map(({ id, name }) => (
            <Avatar key={id} id={id} name={name} />
          ))}
        </span>
        {guests.length} here
      </summary>
      <ul class="here-list">
        {guests.map((guest) => (
          <HereRow key={guest.id} guest={guest} isYou={guest.id === chat.person.id} />
        ))}
      </ul>
    </details>
  );
}

function HereRow({ guest: { id, name, tabs }, isYou }: { readonly guest: Guest; readonly isYou: boolean }): VNode {
  return (
    <li>
      <Avatar id={id} name={name} />
      <span class="here-name">
        {name}
        {isYou && <span class="you">you</span>}
      </span>
      <span class="quiet">{tabsOf(tabs)}</span>
    </li>
  );
}
