// Keeps a list at its end while its reader is there, and still while they read further up.

import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';

const nearEnd = 48;

export interface Follow {
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** Something came while the reader was further up. */
  readonly missed: boolean;
  readonly onScroll: () => void;
  readonly toEnd: () => void;
}

/** `first` and `last` identify the ends of what others may add to. */
export function useFollow(first: string | undefined, last: string | undefined): Follow {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const before = useRef({ first, last, height: 0 });
  const [missed, setMissed] = useState(false);

  const toEnd = useCallback(() => {
    const box = scroller.current;
    if (box !== null) box.scrollTop = box.scrollHeight;
    atEnd.current = true;
    setMissed(false);
  }, []);

  const onScroll = useCallback(() => {
    const box = scroller.current;
    if (box === null) return;
    atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < nearEnd;
    if (atEnd.current) setMissed(false);
  }, []);

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const was = before.current;
    before.current = { first, last, height: box.scrollHeight };
    // Without messages there is no end: what stands there instead is read from its beginning.
    if (last === undefined) return;
    if (atEnd.current) return toEnd();
    if (last !== was.last) return setMissed(true);
    // Earlier messages were put on top: what was being read stays where it was.
    if (first !== was.first) box.scrollTop += box.scrollHeight - was.height;
  });

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return undefined;
    const observer = new ResizeObserver(() => {
      if (atEnd.current) box.scrollTop = box.scrollHeight;
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  return { scroller, missed, onScroll, toEnd };
}
