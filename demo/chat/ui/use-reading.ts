// Says that what is on the screen was read: when its end is there, in a tab that can be seen.

import { useEffect, useState } from 'preact/hooks';
import type { Entry } from 'busline';
import type { Chat } from '../model/chat.ts';

function useVisible(): boolean {
  const [visible, setVisible] = useState(document.visibilityState === 'visible');
  useEffect(() => {
    const look = (): void => setVisible(document.visibilityState === 'visible');
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return visible;
}

interface ReadingProps {
  readonly channelId: string;
  readonly entries: readonly Entry[];
  readonly isAtEnd: boolean;
}

export function useReading({ reads, unread }: Chat, { channelId, entries, isAtEnd }: ReadingProps): void {
  const visible = useVisible();
  // An answer has the place of its end, but stands where it began: the last row need not be the last message.
  const last = Math.max(0, ...entries.map(({ offset }) => offset));
  const news = unread.getSnapshot();
  useEffect(() => {
    const log = unread.logOf(channelId);
    if (visible && isAtEnd && last > 0 && log !== undefined)
      reads.mark(channelId, { logId: log.logId, offset: Math.min(last, log.offset) });
  }, [visible, isAtEnd, last, news, channelId]);
}
