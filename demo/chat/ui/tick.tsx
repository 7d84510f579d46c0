import type { VNode } from 'preact';
import type { Entry } from 'busline';
import { QueuedIcon, ReadIcon, StoredIcon, WarningIcon } from './icons.tsx';

/** How far one's own message has come. */
export function Tick({ state, readBy }: Pick<Entry, 'state'> & { readonly readBy: string }): VNode {
  switch (state) {
    case 'queued':
      return <QueuedIcon class="tick" label="Queued" />;
    case 'failed':
      return <WarningIcon class="tick" label="Not stored" />;
    default:
      return readBy === '' ? (
        <StoredIcon class="tick" label="Stored" />
      ) : (
        <ReadIcon class="tick" label={`Read by ${readBy}`} />
      );
  }
}
