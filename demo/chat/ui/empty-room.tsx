import type { VNode } from 'preact';
import type { Room } from '../model/rooms.ts';

const questions = [
  'What do the ticks mean?',
  'What happens when I close every tab?',
  '@facts Ada Lovelace was born on 10 December 1815 in London',
];

interface EmptyRoomProps {
  readonly room: Room;
  readonly onAsk: (question: string) => void;
}

export function EmptyRoom({ room, onAsk }: EmptyRoomProps): VNode {
  return (
    <div class="empty">
      <svg class="empty-line" viewBox="0 0 200 40" width="200" height="40" aria-hidden="true">
        <path d="M8 20h184" />
        <circle cx="40" cy="20" r="7" />
        <circle class="here" cx="100" cy="20" r="9" />
        <circle cx="160" cy="20" r="7" />
      </svg>
      <h2>No messages in {room.title} yet</h2>
      <p>Write the first one, or ask an agent:</p>
      <ul>
        {questions.map((question) => (
          <li key={question}>
            <button type="button" class="question" onClick={() => onAsk(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
