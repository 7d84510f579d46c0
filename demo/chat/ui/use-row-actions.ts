// What can be done with a message. The functions stay the same, so that rows need not be drawn again.

import { useMemo, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import type { Entry } from 'busline';
import type { Chat } from '../model/chat.ts';
import { contentOf } from '../model/content.ts';
import type { Room } from '../model/rooms.ts';

export interface RowActions {
  readonly copy: (entry: Entry) => void;
  /** Asks first. */
  readonly remove: (entry: Entry) => void;
  readonly retry: (entry: Entry) => void;
  readonly discard: (entry: Entry) => void;
  /** Gives it up, and puts its text back to be written anew. */
  readonly edit: (entry: Entry) => void;
  readonly stop: (entry: Entry) => void;
  readonly askAgain: (entry: Entry) => void;
  /** Whether the question of this answer is at hand. */
  readonly canAskAgain: (entry: Entry) => boolean;
}

interface RowActionsProps {
  readonly chat: Chat;
  readonly room: Room;
  readonly entries: readonly Entry[];
  readonly onEdit: RefObject<(text: string) => void>;
  readonly composer: RefObject<HTMLTextAreaElement | null>;
}

interface RowActing {
  readonly actions: RowActions;
  /** What is to be deleted if that is confirmed. */
  readonly asked: Entry | undefined;
  readonly forget: () => void;
  readonly remove: (entry: Entry) => void;
}

export function useRowActions({ chat, room, entries, onEdit, composer }: RowActionsProps): RowActing {
  const [asked, setAsked] = useState<Entry>();
  const all = useRef(entries);
  all.current = entries;
  const actions = useMemo<RowActions>(() => {
    const { bus, notices, streams } = chat;
    const questionOf = ({ inReplyTo }: Entry): Entry | undefined => all.current.find(({ id }) => id === inReplyTo);
    const discard = (entry: Entry): void => {
      bus.admin.discard(entry.id).catch((error: unknown) => notices.failed('It was not discarded.', error));
      // The row that had the focus is gone.
      composer.current?.focus();
    };
    return {
      copy: (entry) =>
        void navigator.clipboard.writeText(contentOf(entry).text).then(
          () => notices.say('Copied.'),
          (error: unknown) => notices.failed('It was not copied.', error),
        ),
      remove: setAsked,
      // Whatever fails again is shown where it stands.
      retry: ({ id }) => void bus.admin.retry(id).catch(() => undefined),
      discard,
      edit: (entry) => {
        discard(entry);
        onEdit.current?.(contentOf(entry).text);
      },
      stop: ({ id }) => streams.stop(id),
      askAgain: (entry) => {
        const question = questionOf(entry);
        if (question !== undefined) chat.send(room, contentOf(question).text);
      },
      canAskAgain: (entry) => questionOf(entry) !== undefined,
    };
  }, [chat, room.slug]);
  const remove = ({ id, channelId }: Entry): void => {
    chat.bus.deleteMessage(id, channelId).then(
      () => chat.notices.say('Deleted.'),
      (error: unknown) => chat.notices.failed('It was not deleted.', error),
    );
    composer.current?.focus();
  };
  return { actions, asked, forget: () => setAsked(undefined), remove };
}
