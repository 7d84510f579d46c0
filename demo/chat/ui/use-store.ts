import { useEffect, useState } from 'preact/hooks';
import type { Watchable } from '../model/observable.ts';

/** The value as it is now; draws again when it changes. */
export function useStore<T>(store: Watchable<T>): T {
  const [, setValue] = useState(store.getSnapshot());
  useEffect(() => {
    const look = (): void => setValue(() => store.getSnapshot());
    // It may have changed between drawing and now.
    look();
    return store.subscribe(look);
  }, [store]);
  return store.getSnapshot();
}
