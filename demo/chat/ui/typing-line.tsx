import type { VNode } from 'preact';
import { roster } from '../agent/roster.ts';
import type { Chat } from '../model/chat.ts';
import { guestsOf } from '../model/here.ts';
import { channelOf } from '../model/rooms.ts';
import type { Room } from '../model/rooms.ts';
import { useStore } from './use-store.ts';
import { listOf } from './words.ts';

/** Who else is writing, and who will not. It is not read out: it comes and goes all the time. */
export function TypingLine({ chat, room }: { readonly chat: Chat; readonly room: Room }): VNode {
  const guests = guestsOf(useStore(chat.bus.presence(channelOf(room))));
  useStore(chat.agents.paused);
  const names = guests.filter(({ id, isTyping }) => isTyping && id !== chat.person.id).map(({ name }) => name);
  const paused = roster.filter(({ id }) => chat.agents.isPaused(id)).map(({ name }) => name);
  const are = (who: readonly string[]): string => `${listOf(who)} ${who.length === 1 ? 'is' : 'are'}`;
  return (
    <p class="typing">
      {names.length > 0 && (
        <span>
          <Dots /> {are(names)} typing
        </span>
      )}
      {paused.length > 0 && <span>{are(paused)} paused and will answer later</span>}
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
