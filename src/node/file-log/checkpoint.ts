// What a segment of a journal begins with: all that was known at the end of the one before it.

import type { ProducerState } from '../../core/append-rule.ts';
import { randomName, systemPlatform } from '../../core/platform.ts';
import { noGroups } from './groups-fold.ts';
import type { GroupsCheckpoint } from './groups-fold.ts';

/** Names and values, each with a moment and a number that order what was saved, whoever saved it; no value removes it. */
export type Stamped = readonly (readonly [name: string, stamp: string, value?: unknown])[];

type ClientCheckpoint = { readonly upTo: number; readonly places: readonly [number, number][] };

/** Everything that later records are decided by. */
export interface Checkpoint {
  readonly channelId: string;
  /** The segment that begins with this. */
  readonly segment: number;
  readonly logId: string;
  readonly first: number;
  readonly head: number;
  readonly bytes: number;
  /** The segments before it that hold blocks, with the offset before their first. */
  readonly segments: readonly (readonly [segment: number, start: number])[];
  readonly producers: readonly (readonly [string, ProducerState])[];
  readonly clients: readonly (readonly [string, ClientCheckpoint])[];
  readonly keys: readonly (readonly [string, number])[];
  readonly records: Stamped;
  /** How large replaced blocks are now, and in which generation of their file. */
  readonly resized: readonly (readonly [offset: number, size: number, generation: number])[];
  readonly groups: GroupsCheckpoint;
}

/** Of a channel that nothing was ever in. */
export function empty(channelId: string, segment: number): Checkpoint {
  return {
    channelId,
    segment,
    logId: randomName(systemPlatform),
    first: 1,
    head: 0,
    bytes: 0,
    segments: [],
    producers: [],
    clients: [],
    keys: [],
    records: [],
    resized: [],
    groups: noGroups,
  };
}
