// What groups need of the log.

import type { Script } from './scripts.ts';

export interface GroupPart {
  /** This process. */
  readonly storeId: string;
  /** What Redis would say now, in milliseconds. */
  readonly now: () => number;
  /** Until Redis answers; the arguments are made anew for each try. */
  readonly run: (script: Script, keys: readonly string[], args: () => readonly string[]) => Promise<unknown>;
  readonly command: (command: readonly string[]) => Promise<unknown>;
  /** Members in other processes may have something to do. */
  readonly ring: (channelId: string) => void;
  /** Of these processes, those that are gone. */
  readonly dead: (storeIds: readonly string[]) => Promise<readonly string[]>;
}
