// What is kept, as a file and back, and the ways to be rid of it.

import { useRef, useState } from 'preact/hooks';
import type { TargetedEvent, VNode } from 'preact';
import { exportToFile, importFromFile } from '../model/backup.ts';
import type { Chat } from '../model/chat.ts';
import { channelOf } from '../model/rooms.ts';
import type { Room } from '../model/rooms.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import type { Question } from './confirm-dialog.tsx';
import { StorageMeter } from './storage-meter.tsx';
import { useStore } from './use-store.ts';
import { countOf } from './words.ts';

function messages(count: number): string {
  return `${countOf(count)} ${count === 1 ? 'message' : 'messages'}`;
}

export function DataPage({ chat }: { readonly chat: Chat }): VNode {
  const [question, ask] = useState<Question>();
  return (
    <div id="page" class="page" tabIndex={0} role="region" aria-label="Data">
      <StorageMeter bus={chat.bus} />
      <BackupSection chat={chat} />
      <ClearSection chat={chat} ask={ask} />
      {question !== undefined && <ConfirmDialog {...question} onClose={() => ask(undefined)} />}
    </div>
  );
}

function BackupSection({ chat }: { readonly chat: Chat }): VNode {
  const { bus, notices } = chat;
  const [working, setWorking] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const work = (failure: string, task: () => Promise<string>): void => {
    setWorking(true);
    task()
      .then(
        (done) => notices.done(done),
        (error: unknown) => notices.failed(failure, error),
      )
      .finally(() => setWorking(false));
  };
  const save = (): void =>
    work('The export failed.', async () => `${messages(await exportToFile(bus))} exported, from all channels.`);
  const load = ({ currentTarget }: TargetedEvent<HTMLInputElement>): void => {
    const chosen = currentTarget.files?.[0];
    if (chosen === undefined) return;
    work('The import failed.', async () => {
      const { imported, known } = await importFromFile(bus, chosen);
      return `${messages(imported)} imported, ${countOf(known)} known already.`;
    });
    // The same file can be chosen again.
    currentTarget.value = '';
  };
  return (
    <section class="card" aria-labelledby="backup">
      <h2 id="backup">Export and import</h2>
      <p>A file with everything that was said in any room. Importing it twice changes nothing.</p>
      <div class="row">
        <button type="button" class="button" disabled={working} onClick={save}>
          Export to a file
        </button>
        <button type="button" class="button" disabled={working} onClick={() => file.current?.click()}>
          Import a file
        </button>
        <input ref={file} type="file" class="for-readers" tabIndex={-1} aria-label="File to import" onChange={load} />
      </div>
    </section>
  );
}

interface ClearSectionProps {
  readonly chat: Chat;
  readonly ask: (question: Question) => void;
}

function ClearSection({ chat, ask }: ClearSectionProps): VNode {
  const { bus, notices } = chat;
  const rooms = useStore(chat.rooms);
  const told = (task: Promise<unknown>, done: string): void => {
    task.then(
      () => notices.done(done),
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
