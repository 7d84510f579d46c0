import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { TargetedKeyboardEvent, TargetedSubmitEvent, VNode } from 'preact';
import { tidyName } from '../model/person.ts';
import type { Person } from '../model/person.ts';
import { Avatar } from './avatar.tsx';
import { EditIcon } from './icons.tsx';
import { useStore } from './use-store.ts';

/** Who you are here, and the way to be called something else. */
export function PersonName({ person }: { readonly person: Person }): VNode {
  const name = useStore(person.name);
  const [editing, setEditing] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  useLayoutEffect(() => {
    if (wasEditing.current && !editing) button.current?.focus();
    wasEditing.current = editing;
  }, [editing]);

  if (editing) return <NameForm person={person} onDone={() => setEditing(false)} />;
  return (
    <button ref={button} type="button" class="person" onClick={() => setEditing(true)}>
      <Avatar id={person.id} name={name} />
      <span class="person-name">{name}</span>
      <span class="for-readers">, change your name</span>
      <EditIcon />
    </button>
  );
}

function NameForm({ person, onDone }: { readonly person: Person; readonly onDone: () => void }): VNode {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.select(), []);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const name = tidyName(input.current?.value ?? '');
    if (name !== undefined) person.name.set(name);
    onDone();
  };
  const cancel = (event: TargetedKeyboardEvent<HTMLFormElement>): void => {
    if (event.key !== 'Escape') return;
    // It cancels the change alone, not the dialog around it.
    event.preventDefault();
    event.stopPropagation();
    onDone();
  };
  return (
    <form class="person-form" onSubmit={submit} onKeyDown={cancel}>
      <input
        ref={input}
        aria-label="Your name"
        maxLength={40}
        autoComplete="nickname"
        defaultValue={person.name.getSnapshot()}
      />
      <button type="submit" class="text-button">
        Save
      </button>
    </form>
  );
}
