import { useEffect, useState } from 'preact/hooks';
import type { RefObject, TargetedKeyboardEvent, VNode } from 'preact';
import { drafts } from '../model/drafts.ts';
import type { Room } from '../model/rooms.ts';
import { completionsId, Completions, optionId } from './completions.tsx';
import { SendIcon } from './icons.tsx';
import { useCompletion } from './use-completion.ts';

interface ComposerProps {
  readonly input: RefObject<HTMLTextAreaElement | null>;
  readonly room: Room;
  readonly onSend: (text: string) => void;
  readonly onWrite: (text: string) => void;
  /** Filled here: puts a text back to be written anew. */
  readonly edit: RefObject<(text: string) => void>;
}

const caretKeys: ReadonlySet<string> = new Set(['ArrowLeft', 'ArrowRight', 'Home', 'End']);

export function Composer({ input, room, onSend, onWrite, edit }: ComposerProps): VNode {
  const [text, setText] = useState(() => drafts.of(room.slug));
  const write = (next: string): void => {
    drafts.set(room.slug, next);
    setText(next);
    onWrite(next);
  };
  const completion = useCompletion(input, text, write);
  const send = (): void => {
    if (text.trim() !== '') onSend(text.trim());
    write('');
    input.current?.focus();
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.isComposing || completion.onKeyDown(event)) return;
    if (event.key !== 'Enter' || event.shiftKey) return;
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
  const { options, chosen } = completion;
  const list =
    options.length > 0 ? { 'aria-controls': completionsId, 'aria-activedescendant': optionId(options[chosen]) } : {};
  return (
    <form class="composer" onSubmit={submit}>
      <Completions {...completion} />
      <textarea
        ref={input}
        id="message-box"
        rows={1}
        aria-label={`Message to ${room.title}`}
        aria-describedby="composer-hint"
        aria-autocomplete="list"
        {...list}
        placeholder={`Message to ${room.title}`}
        enterkeyhint="send"
        value={text}
        onInput={({ currentTarget }) => {
          write(currentTarget.value);
          completion.look();
        }}
        onKeyDown={onKeyDown}
        onKeyUp={({ key }) => caretKeys.has(key) && completion.look()}
        onClick={completion.look}
        onBlur={completion.close}
      />
      <button type="submit" class="send" aria-label="Send" title="Send" data-idle={text.trim() === ''}>
        <SendIcon />
      </button>
      <p id="composer-hint" class="hint">
        Enter sends, Shift+Enter starts a new line. “?” at the end asks Docs, “@” another agent.
      </p>
    </form>
  );
}
