// Keeps a list at its end while its reader is there, and what they read where it is while they are further up, whatever is
// put on top of it, taken away or grows.

import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';

const nearEnd = 48;

export interface Follow {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly isAtEnd: boolean;
  /** How many came while the reader was further up. */
  readonly missed: number;
  readonly onScroll: () => void;
  readonly toEnd: () => void;
  /** False if there is no such row. */
  readonly toRow: (id: string) => boolean;
}

interface Anchor {
  readonly text: Element;
  readonly top: number;
}

/** The first text that can be seen. Not its row: that loses its heads when what it goes on from is put above it. */
function anchorIn(box: Element): Anchor | undefined {
  const { top } = box.getBoundingClientRect();
  const texts = [...box.querySelectorAll('.message > .text')];
  let low = 0;
  for (let high = texts.length; low < high;) {
    const middle = (low + high) >> 1;
    if ((texts[middle]?.getBoundingClientRect().bottom ?? 0) > top) high = middle;
    else low = middle + 1;
  }
  const text = texts[low];
  return text === undefined ? undefined : { text, top: text.getBoundingClientRect().top };
}

function isNearEnd(box: Element): boolean {
  return box.scrollHeight - box.scrollTop - box.clientHeight < nearEnd;
}

export function rowId(id: string): string {
  return `message-${id}`;
}

export function useFollow(ids: readonly string[]): Follow {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const anchor = useRef<Anchor | undefined>(undefined);
  /** Where it was put last while its reader was at the end. */
  const put = useRef(0);
  const lastSeen = useRef<string | undefined>(undefined);
  const [isAtEnd, setAtEnd] = useState(true);
  const [missed, setMissed] = useState(0);

  const onScroll = useCallback(() => {
    const box = scroller.current;
    if (box === null) return;
    atEnd.current = isNearEnd(box);
    anchor.current = anchorIn(box);
    setAtEnd(atEnd.current);
    if (atEnd.current) setMissed(0);
  }, []);

  const putToEnd = useCallback((box: Element) => {
    box.scrollTop = box.scrollHeight;
    put.current = box.scrollTop;
  }, []);

  const toEnd = useCallback(() => {
    if (scroller.current !== null) putToEnd(scroller.current);
    onScroll();
  }, [onScroll]);

  const toRow = useCallback(
    (id: string) => {
      const row = document.getElementById(rowId(id));
      if (row === null) return false;
      row.scrollIntoView({ block: 'center' });
      row.focus({ preventScroll: true });
      onScroll();
      return true;
    },
    [onScroll],
  );

  useLayoutEffect(() => {
    const box = scroller.current;
    // Without messages there is no end: what stands there instead is read from its beginning.
    if (box === null || ids.length === 0) return;
    // Its reader has just gone up, and the event that tells so is on its way.
    if (atEnd.current && box.scrollTop < put.current && !isNearEnd(box)) {
      atEnd.current = false;
      anchor.current = undefined;
    }
    if (atEnd.current) {
      lastSeen.current = ids.at(-1);
      return putToEnd(box);
    }
    const was = anchor.current;
    if (was?.text.isConnected === true) box.scrollTop += was.text.getBoundingClientRect().top - was.top;
    anchor.current = anchorIn(box);
    const seen = lastSeen.current === undefined ? -1 : ids.lastIndexOf(lastSeen.current);
    // What was seen last may have been deleted since.
    if (seen >= 0) setMissed(ids.length - 1 - seen);
  });

  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return undefined;
    const observer = new ResizeObserver(() => {
      if (atEnd.current) putToEnd(box);
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  return { scroller, isAtEnd, missed, onScroll, toEnd, toRow };
}
