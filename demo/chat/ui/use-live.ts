// A room's messages as the bus keeps them up to date, and the way further back.

import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Entry, MessageBus } from 'busline';
import { reasonOf } from '../model/notices.ts';
import { useStore } from './use-store.ts';

const pageSize = 50;

type Phase = { readonly name: 'loading' | 'ready' } | { readonly name: 'failed'; readonly reason: string };

export interface Live {
  readonly entries: readonly Entry[];
  readonly phase: Phase;
  readonly hasOlder: boolean;
  readonly isLoadingOlder: boolean;
  readonly loadOlder: () => void;
}

/** The first look into the log tells an empty room from one that is still being read. */
function usePhase(bus: MessageBus, channelId: string, hasEntries: boolean): Phase {
  const [phase, setPhase] = useState<Phase>({ name: 'loading' });
  useEffect(() => {
    let left = false;
    const now = (next: Phase): void => {
      if (!left) setPhase(next);
    };
    bus.history(channelId, { limit: 1 }).then(
      () => now({ name: 'ready' }),
      (error: unknown) => now({ name: 'failed', reason: reasonOf(error) }),
    );
    return () => void (left = true);
  }, [bus, channelId]);
  return hasEntries ? { name: 'ready' } : phase;
}

export function useLive(bus: MessageBus, channelId: string): Live {
  const [view] = useState(() => bus.live(channelId, { last: pageSize }));
  const entries = useStore(view);
  const phase = usePhase(bus, channelId, entries.length > 0);
  const [isLoadingOlder, setLoading] = useState(false);
  /** The oldest message that has nothing before it. */
  const [oldest, setOldest] = useState<string>();
  useEffect(() => () => view.close(), [view]);

  const loadOlder = useCallback(() => {
    setLoading(true);
    view
      .loadOlder(pageSize)
      .then(
        (more) => more || setOldest(view.getSnapshot()[0]?.id ?? ''),
        // It can be asked again.
        () => undefined,
      )
      .finally(() => setLoading(false));
  }, [view]);
  const first = entries.find(({ offset }) => offset > 0);
  const hasOlder = first !== undefined && first.offset > 1 && first.id !== oldest;
  return { entries, phase, hasOlder, isLoadingOlder, loadOlder };
}
