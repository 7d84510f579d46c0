import type { VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import { guestsOf } from '../model/here.ts';
import { channelOf } from '../model/rooms.ts';
import type { Room } from '../model/rooms.ts';
import { useStore } from './use-store.ts';
import { listOf } from './words.ts';

/** Who else is writing. It is not read out: it comes and goes all the time. */
export function TypingLine({ chat, room }: { readonly chat: Chat; readonly room: Room }): VNode {
  const guests = guestsOf(useStore(chat.bus.presence(channelOf(room))));
  const names = guests.filter(({ id, isTyping }) => isTyping && id !== chat.person.id).map(({ name }) => name);
  return (
    <p class="typing">
      {names.length > 0 && (
        <>
          <Dots /> {listOf(names)} {names.length === 1 ? 'is' : 'are'} typing
        </>
      )}
    </p>
  );
}

export function Dots(): VNode {
  return (
    <span class="dots" aria-hidden="true">
      <span />
      <span />
      <span />
    </span>
  );
}
