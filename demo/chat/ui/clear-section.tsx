import type { VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import { channelOf } from '../model/rooms.ts';
import type { Room } from '../model/rooms.ts';
import type { Question } from './confirm-dialog.tsx';
import { useStore } from './use-store.ts';

interface ClearSectionProps {
  readonly chat: Chat;
  readonly ask: (question: Question) => void;
}

/** The ways to be rid of what was said, each after asking. */
export function ClearSection({ chat, ask }: ClearSectionProps): VNode {
  const { bus, notices } = chat;
  const rooms = useStore(chat.rooms);
  const told = (task: Promise<unknown>, success: string): void => {
    task.then(
      () => notices.say(success),
      (error: unknown) => notices.failed('Nothing was cleared.', error),
    );
  };
  const askRoom = (room: Room): void =>
    ask({
      title: `Clear ${room.title}?`,
      children: 'All its messages go from every tab and from the disk. The room stays.',
      act: 'Clear the room',
      onAct: () => told(bus.clearChannel(channelOf(room)), `${room.title} was cleared.`),
    });
  const askAll = (): void =>
    ask({
      title: 'Clear everything?',
      children: 'All rooms and all messages go from this browser. Your name and the theme stay.',
      act: 'Clear everything',
      onAct: () => told(chat.clearAll(), 'Everything was cleared.'),
    });
  return (
    <section class="card" aria-labelledby="clear">
      <h2 id="clear">Clear</h2>
      <p>What is cleared cannot be brought back, except from a file that was exported before.</p>
      <ul class="clear-list">
        {rooms.map((room) => (
          <li key={room.slug}>
            <span>{room.title}</span>
            <button type="button" class="button" onClick={() => askRoom(room)}>
              Clear<span class="for-readers"> {room.title}</span>
            </button>
          </li>
        ))}
      </ul>
      <button type="button" class="button" data-kind="danger" onClick={askAll}>
        Clear everything
      </button>
    </section>
  );
}
