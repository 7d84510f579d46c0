import type { VNode } from 'preact';
import type { Entry } from 'busline';
import { QueuedIcon, ReadIcon, StoredIcon, WarningIcon } from './icons.tsx';

/** How far one's own message has come. */
export function Tick({ state, readBy }: Pick<Entry, 'state'> & { readonly readBy: string }): VNode {
  if (state === 'queued') return <QueuedIcon class="tick" label="Queued" />;
  if (state === 'failed') return <WarningIcon class="tick" label="Not stored" />;
  if (readBy === '') return <StoredIcon class="tick" label="Stored" />;
  return <ReadIcon class="tick" label={`Read by ${readBy}`} />;
}
