// What waits for room where a disk is full: nobody has to ask for it again.

import { isFullDisk } from './directory.ts';

/** How long it is waited after what a full disk refused, in milliseconds. */
const retryAfter = 1000;

/** Repeats what a full disk refuses, until there is room or it is over: then it rejects with what it was refused with. */
export async function onceThereIsRoom<T>(task: () => Promise<T>, isOver: () => boolean): Promise<T> {
  for (;;) {
    try {
      return await task();
    } catch (error) {
      if (!isFullDisk(error) || isOver()) throw error;
    }
    await pause(retryAfter);
  }
}

/** Keeps no process from ending. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref());
}
