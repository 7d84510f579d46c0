import { useState } from 'preact/hooks';
import type { TargetedSubmitEvent, VNode } from 'preact';
import type { Rooms } from '../model/rooms.ts';
import { PlusIcon } from './icons.tsx';

interface NewRoomProps {
  readonly rooms: Rooms;
  readonly onMade: (() => void) | undefined;
}

export function NewRoom({ rooms, onMade }: NewRoomProps): VNode {
  const [name, setName] = useState('');
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (!rooms.make(name)) return;
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
