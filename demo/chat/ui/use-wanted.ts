// Leads to a message that somebody looks for: reads further back until it is in the list, and goes there.

import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import type { Entry } from 'busline';
import type { Chat } from '../model/chat.ts';
import type { Follow } from './use-follow.ts';
import type { Live } from './use-live.ts';
import { useStore } from './use-store.ts';

/** Returns the id of the one that was found, for a while. */
export function useWanted(
  { wanted, notices }: Chat,
  channelId: string,
  live: Live,
  follow: Follow,
): string | undefined {
  const message = useStore(wanted);
  const [found, setFound] = useState<string>();
  const { entries, phase, hasOlder, isLoadingOlder, loadOlder } = live;
  useLayoutEffect(() => {
    if (message === undefined || message.channelId !== channelId || phase.name !== 'ready' || entries.length === 0)
      return;
    const entry = entries.find(({ offset }: Entry) => offset === message.offset);
    if (entry !== undefined) {
      if (follow.toRow(entry.id)) setFound(entry.id);
      wanted.set(undefined);
    } else if (!hasOlder) {
      wanted.set(undefined);
      notices.failed('This message is not there any more.', '');
    } else if (!isLoadingOlder) {
      loadOlder();
    }
  });
  useEffect(() => {
    if (found === undefined) return undefined;
    const forget = setTimeout(() => setFound(undefined), 3000);
    return () => clearTimeout(forget);
  }, [found]);
  return found;
}
