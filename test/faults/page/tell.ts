// How a page tells the driver: through a function that the browser's debugging protocol put there. What was said has left the
// page at once, whatever becomes of it then. While a page goes into the back-forward cache or comes out of it nobody may be
// listening: so everything is numbered, and said again when it is asked for.

import type { TabFact } from '../record.ts';
import { life } from './life.ts';

/** Some facts, and how many there were before them. */
export interface Report {
  readonly life: string;
  readonly from: number;
  readonly facts: readonly TabFact[];
}

declare global {
  var report: (report: string) => void;
}

const all: TabFact[] = [];
let told = 0;
let isScheduled = false;

/** Everything of one turn in one piece. */
export function tell(fact: TabFact): void {
  all.push(fact);
  if (isScheduled) return;
  isScheduled = true;
  queueMicrotask(flush);
}

/** Before something that this page may not live through. */
export function flush(): void {
  isScheduled = false;
  if (told === all.length) return;
  const from = told;
  told = all.length;
  tellAgain(from);
}

export function tellAgain(from: number): void {
  report(JSON.stringify({ life, from, facts: all.slice(from) } satisfies Report));
}
