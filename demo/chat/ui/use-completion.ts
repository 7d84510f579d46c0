// Offers the agents' names while an "@" is being written.

import { useState } from 'preact/hooks';
import type { RefObject, TargetedKeyboardEvent } from 'preact';
import { roster } from '../agent/roster.ts';
import type { AgentCard } from '../agent/roster.ts';

const begun = /(?:^|\s)@(\w*)$/;

export interface Completion {
  readonly options: readonly AgentCard[];
  /** Which of them Enter takes. */
  readonly chosen: number;
  readonly look: () => void;
  readonly close: () => void;
  readonly take: (option: AgentCard) => void;
  /** True if the key was for the list. */
  readonly onKeyDown: (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => boolean;
}

const none: readonly AgentCard[] = [];

export function useCompletion(
  input: RefObject<HTMLTextAreaElement | null>,
  text: string,
  write: (text: string) => void,
): Completion {
  /** Where the caret was when it was looked at; nothing while no list is wanted. */
  const [caret, setCaret] = useState<number>();
  const [at, setAt] = useState(0);
  const start = caret === undefined ? undefined : begun.exec(text.slice(0, caret))?.[1]?.toLowerCase();
  const options = start === undefined ? none : roster.filter(({ id }) => id.startsWith(start));
  const chosen = Math.min(at, options.length - 1);

  const look = (): void => {
    const { selectionStart, selectionEnd } = input.current ?? {};
    setCaret(selectionStart === selectionEnd ? selectionStart : undefined);
    setAt(0);
  };
  const close = (): void => setCaret(undefined);
  const take = ({ id }: AgentCard): void => {
    const before = text.slice(0, caret).replace(/@\w*$/, `@${id} `);
    write(before + text.slice(caret).trimStart());
    close();
    input.current?.focus();
    // After it was drawn: a new value puts the caret at the end.
    requestAnimationFrame(() => input.current?.setSelectionRange(before.length, before.length));
  };
  const keys: Record<string, () => void> = {
    ArrowDown: () => setAt((chosen + 1) % options.length),
    ArrowUp: () => setAt((chosen + options.length - 1) % options.length),
    Escape: close,
    Enter: () => options[chosen] && take(options[chosen]),
    Tab: () => options[chosen] && take(options[chosen]),
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>): boolean => {
    const key = keys[event.key];
    if (options.length === 0 || key === undefined || event.shiftKey) return false;
    event.preventDefault();
    event.stopPropagation();
    key();
    return true;
  };
  return { options, chosen, look, close, take, onKeyDown };
}
