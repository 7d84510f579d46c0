// Whether a history is one that the bus may have. Pure: what was recorded and what was found at the end go in, what is wrong
// comes out, one line each.

import { checkLog } from './check-log.ts';
import { checkReaders } from './check-readers.ts';
import { checkReasons, checkTalk, checkUncaught } from './check-talk.ts';
import { checkWork } from './check-work.ts';
import { viewOf } from './view.ts';
import type { Final, History, Told } from './record.ts';

export function check(history: History): readonly string[] {
  const view = viewOf(history);
  return [...checkLog(view), ...checkReaders(view), ...checkWork(view), ...checkTalk(view)];
}

const nothing: Final = { channels: {}, groups: [], deadLetters: [], streaming: [] };

/** What can be said of a run that did not come to its end. */
export function checkUnfinished(facts: readonly Told[]): readonly string[] {
  const view = viewOf({ facts, final: nothing });
  return [...checkReasons(view), ...checkUncaught(view)];
}
