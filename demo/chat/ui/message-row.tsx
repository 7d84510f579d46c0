import type { VNode } from 'preact';
import type { Entry } from 'busline';
import { contentOf } from '../model/content.ts';
import { Avatar } from './avatar.tsx';
import { MessageText } from './message-text.tsx';
import { MessageTools } from './message-tools.tsx';
import { Dots } from './typing-line.tsx';
import { Tick } from './tick.tsx';
import { rowId } from './use-follow.ts';
import type { RowActions } from './use-row-actions.ts';
import { timeOf } from './words.ts';

export interface MessageRowProps {
  readonly entry: Entry;
  readonly mine: boolean;
  /** It goes on where the one above left off. */
  readonly follows: boolean;
  /** The day that begins with it. */
  readonly day: string | undefined;
  /** The names of those who have read it. */
  readonly readBy: string;
  /** The one that is reached by Tab. */
  readonly isCurrent: boolean;
  readonly isFound: boolean;
  readonly actions: RowActions;
  readonly onFocus: () => void;
}

export function MessageRow(props: MessageRowProps): VNode {
  const { entry, mine, follows, day, readBy, isCurrent, isFound, onFocus } = props;
  const { id, authorId, authorName = authorId, timestamp, state } = entry;
  const { text, sources } = contentOf(entry);
  const isWaiting = state === 'streaming' && text === '';
  return (
    <li
      id={rowId(id)}
      class="message"
      tabIndex={isCurrent ? 0 : -1}
      aria-busy={state === 'streaming'}
      data-follows={follows}
      data-state={state}
      data-found={isFound}
      onFocusIn={onFocus}
    >
      {day !== undefined && <p class="day">{day}</p>}
      {!follows && <Avatar id={authorId} name={authorName} />}
      <p class={follows ? 'for-readers' : 'message-head'}>
        <span class="author">{authorName}</span>
        {mine && <span class="you">you</span>}
        <time dateTime={new Date(timestamp).toISOString()}>{timeOf(timestamp)}</time>
      </p>
      {isWaiting ? (
        <p class="text quiet">
          <Dots />
          <span class="for-readers">Thinking …</span>
        </p>
      ) : (
        <MessageText text={text} sources={sources} tick={mine ? <Tick state={state} readBy={readBy} /> : null} />
      )}
      <MessageState {...props} />
      <MessageTools {...props} />
    </li>
  );
}

/** What is not as it should be, and what can be done about it. */
function MessageState({ entry, actions }: MessageRowProps): VNode | null {
  const button = (name: string, action: (entry: Entry) => void): VNode => (
    <button type="button" class="text-button" onClick={() => action(entry)}>
      {name}
    </button>
  );
  const { state, error } = entry;
  if (state === 'failed') {
    return (
      <p class="failure" role="alert">
        <span>Not stored. {error?.advice}</span>
        {button('Retry', actions.retry)}
        {button('Edit', actions.edit)}
        {button('Discard', actions.discard)}
      </p>
    );
  }
  if (state === 'streaming') return <p class="message-foot">{button('Stop', actions.stop)}</p>;
  if (state !== 'aborted') return null;
  return (
    <p class="message-foot quiet">
      <span>Stopped before the end.</span>
      {actions.canAskAgain(entry) && button('Retry', actions.askAgain)}
    </p>
  );
}
