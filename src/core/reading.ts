// What a block says, decoded once for all who receive it.

import type { Message } from './message.ts';

export interface Reading {
  readonly all: readonly Message[];
  /** Without the bus's own: those whose type begins with "busline.". */
  readonly messages: readonly Message[];
  /** Messages that do not fit the schema of their channel, by offset, and why. */
  readonly unfit: ReadonlyMap<number, string>;
}
