import { useState } from 'preact/hooks';
import type { VNode } from 'preact';
import type { Entry } from '../model/feed.ts';
import { Avatar } from './avatar.tsx';
import { QueuedIcon, StoredIcon, WarningIcon } from './icons.tsx';
import { Passages } from './passages.tsx';
import { countOf, timeOf } from './words.ts';

/** What is longer is opened on demand. */
const longText = 2000;

interface MessageRowProps {
  readonly entry: Entry;
  readonly mine: boolean;
  /** It goes on where the one above left off. */
  readonly follows: boolean;
  /** The day that begins with it. */
  readonly day: string | undefined;
  readonly onRetry: () => void;
  readonly onEdit: () => void;
}

export function MessageRow({ entry, mine, follows, day, onRetry, onEdit }: MessageRowProps): VNode {
  const { id, authorId, authorName, timestamp, text, passages, state, reason } = entry;
  return (
    <li id={`message-${id}`} class="message" data-follows={follows} data-state={state} data-mine={mine}>
      {day !== undefined && <p class="day">{day}</p>}
      {!follows && <Avatar id={authorId} name={authorName} />}
      <p class={follows ? 'for-readers' : 'message-head'}>
        <span class="author">{authorName}</span>
        {mine && <span class="you">you</span>}
        <time dateTime={new Date(timestamp).toISOString()}>{timeOf(timestamp)}</time>
      </p>
      <Text text={text} tick={mine ? <Tick state={state} /> : null} />
      {passages.length > 0 && <Passages passages={passages} />}
      {state === 'failed' && (
        <p class="failure" role="alert">
          <span>Not stored. {reason}</span>
          <button type="button" class="text-button" onClick={onRetry}>
            Try again
          </button>
          <button type="button" class="text-button" onClick={onEdit}>
            Edit
          </button>
        </p>
      )}
    </li>
  );
}

function Text({ text, tick }: { readonly text: string; readonly tick: VNode | null }): VNode {
  const [open, setOpen] = useState(text.length <= longText);
  if (open) {
    return (
      <p class="text">
        {text}
        {tick}
      </p>
    );
  }
  return (
    <p class="text">
      {text.slice(0, longText / 4)} …{' '}
      <button type="button" class="text-button" onClick={() => setOpen(true)}>
        Show all {countOf(text.length)} characters
      </button>
      {tick}
    </p>
  );
}

function Tick({ state }: Pick<Entry, 'state'>): VNode {
  if (state === 'queued') return <QueuedIcon class="tick" label="Queued" />;
  if (state === 'stored') return <StoredIcon class="tick" label="Stored" />;
  return <WarningIcon class="tick" label="Not stored" />;
}
