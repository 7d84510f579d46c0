import { useEffect, useState } from 'preact/hooks';

/** Whether the screen is too narrow for the rooms beside the messages. Style sheets use the same width. */
export function useNarrow(): boolean {
  const [query] = useState(() => matchMedia('(max-width: 719px)'));
  const [narrow, setNarrow] = useState(query.matches);
  useEffect(() => {
    const look = (): void => setNarrow(query.matches);
    query.addEventListener('change', look);
    return () => query.removeEventListener('change', look);
  }, [query]);
  return narrow;
}
