import { useState } from 'preact/hooks';
import type { TargetedSubmitEvent, VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import { PlusIcon } from './icons.tsx';

interface NewRoomProps {
  readonly chat: Chat;
  readonly onMade: (() => void) | undefined;
}

export function NewRoom({ chat, onMade }: NewRoomProps): VNode {
  const [name, setName] = useState('');
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const room = chat.rooms.make(name);
    if (room === undefined) return;
    chat.route.toRoom(room.slug);
    setName('');
    onMade?.();
  };
  return (
    <form class="new-room" onSubmit={submit}>
      <input
        aria-label="Name of a new room"
        placeholder="New room"
        maxLength={32}
        autoComplete="off"
        enterKeyHint="go"
        value={name}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      <button type="submit" class="icon-button" aria-label="Make the room" title="Make the room">
        <PlusIcon />
      </button>
    </form>
  );
}
