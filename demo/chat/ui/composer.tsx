import { useEffect, useState } from 'preact/hooks';
import type { RefObject, TargetedKeyboardEvent, VNode } from 'preact';
import type { Room } from '../model/rooms.ts';
import { SendIcon } from './icons.tsx';

interface ComposerProps {
  readonly input: RefObject<HTMLTextAreaElement | null>;
  readonly room: Room;
  /** What was begun in each room. */
  readonly drafts: Map<string, string>;
  readonly onSend: (text: string) => void;
  /** Filled here: puts a text back to be written anew. */
  readonly edit: RefObject<(text: string) => void>;
}

export function Composer({ input, room, drafts, onSend, edit }: ComposerProps): VNode {
  const [text, setText] = useState(drafts.get(room.slug) ?? '');
  const write = (next: string): void => {
    drafts.set(room.slug, next);
    setText(next);
  };
  const send = (): void => {
    if (text.trim() !== '') onSend(text.trim());
    write('');
    input.current?.focus();
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  useEffect(() => {
    edit.current = (again) => {
      write(text.trim() === '' ? again : `${again}\n${text}`);
      input.current?.focus();
    };
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    send();
  };
  return (
    <form class="composer" onSubmit={submit}>
      <textarea
        ref={input}
        id="message-box"
        rows={1}
        aria-label={`Message to ${room.title}`}
        aria-describedby="composer-hint"
        placeholder={`Message to ${room.title}`}
        enterkeyhint="send"
        value={text}
        onInput={({ currentTarget }) => write(currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" class="send" aria-label="Send" title="Send" data-idle={text.trim() === ''}>
        <SendIcon />
      </button>
      <p id="composer-hint" class="hint">
        Enter sends, Shift+Enter starts a new line. End with “?” and Docs answers.
      </p>
    </form>
  );
}
