import { useEffect, useState } from 'preact/hooks';
import type { Watchable } from '../model/observable.ts';

/** The value as it is now; draws again when it changes. */
export function useValue<T>(watched: Watchable<T>): T {
  const [, setValue] = useState(watched.getSnapshot);
  useEffect(() => {
    const look = (): void => setValue(() => watched.getSnapshot());
    // It may have changed between drawing and now.
    look();
    return watched.subscribe(look);
  }, [watched]);
  return watched.getSnapshot();
}
