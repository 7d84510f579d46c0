// Signals: the first one asks, the second one does not wait.

import { exitCodes } from './failure.ts';
import type { StopSignal } from './failure.ts';
import { note } from './output.ts';

export interface Stop {
  /** Aborts at the first signal, with its name as the reason. */
  readonly signal: AbortSignal;
}

/** Milliseconds in which a second one is the first one again: the terminal sends it to all, and `npx` passes it on. */
const echo = 50;

export function listenForStop(): Stop {
  const asked = new AbortController();
  let first: number | undefined;
  const heard = (name: StopSignal): void => {
    if (first !== undefined) {
      if (performance.now() - first > echo) process.exit(exitCodes[name]);
      return;
    }
    first = performance.now();
    if (process.stderr.isTTY) note(' stopping; once more stops at once');
    asked.abort(name);
  };
  process.on('SIGINT', heard);
  process.on('SIGTERM', heard);
  return { signal: asked.signal };
}
