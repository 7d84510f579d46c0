// Faults that may not come at the same time: what ends a server, and what needs one.

import type { Fault } from './world.ts';

/** One that comes while another one is under way is left out. */
export function oneAtATime(): (fault: Fault) => Fault {
  let isBusy = false;
  return (fault) => async (step) => {
    if (isBusy) return false;
    isBusy = true;
    try {
      return await fault(step);
    } finally {
      isBusy = false;
    }
  };
}
