import type { VNode } from 'preact';
import { CopyIcon, DeleteIcon } from './icons.tsx';
import type { MessageRowProps } from './message-row.tsx';

/** Shown on the row that is pointed at or has the focus. */
export function MessageTools({ entry, mine, isCurrent, actions }: MessageRowProps): VNode {
  const tabIndex = isCurrent ? 0 : -1;
  return (
    <div class="tools">
      <button
        type="button"
        class="icon-button"
        aria-label="Copy the text"
        title="Copy the text"
        tabIndex={tabIndex}
        onClick={() => actions.copy(entry)}
      >
        <CopyIcon />
      </button>
      {mine && entry.offset > 0 && (
        <button
          type="button"
          class="icon-button"
          aria-label="Delete the message"
          title="Delete the message"
          tabIndex={tabIndex}
          onClick={() => actions.remove(entry)}
        >
          <DeleteIcon />
        </button>
      )}
    </div>
  );
}
