import { useRef, useState } from 'preact/hooks';
import type { TargetedEvent, VNode } from 'preact';
import { exportToFile, importFromFile } from '../model/backup.ts';
import type { Chat } from '../model/chat.ts';
import { countOf } from './words.ts';

function messages(count: number): string {
  return `${countOf(count)} ${count === 1 ? 'message' : 'messages'}`;
}

/** Everything as a file, and back. */
export function BackupSection({ chat }: { readonly chat: Chat }): VNode {
  const { bus, notices } = chat;
  const [working, setWorking] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const work = (failure: string, task: () => Promise<string>): void => {
    setWorking(true);
    task()
      .then(
        (words) => notices.say(words),
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
