// The rare calls of a host, as their callers see them.

import type { Block, Header } from './block.ts';
import type { Priority } from './message.ts';
import type { ChannelDescription, GroupInfo } from './message-bus.ts';

/** A message that was given up. */
export interface DeadRecord {
  readonly group: string;
  readonly channelId: string;
  readonly offset: number;
  readonly reason: string;
  readonly priority: Priority;
  readonly attempts: number;
}

/** A block as a file holds it: its identity is that of the store it came from. */
export type ArchivedBlock = Block<Header & { readonly blockId: string }>;

export interface HostAdmin {
  describe(channelId: string, info: ChannelDescription): Promise<void>;
  groups(channelId?: string): Promise<readonly GroupInfo[]>;
  deadLetters(group?: string): Promise<readonly DeadRecord[]>;
  /** Those of them that are still dead letters come again. Resolves with how many. */
  redrive(letters: readonly DeadRecord[]): Promise<number>;
  /** Those of them that are still dead letters are given up. */
  discard(letters: readonly DeadRecord[]): Promise<number>;
  /** Appends what is not there yet, in order. `begins`: what is there is looked at anew. Resolves with which were not there. */
  importBlocks(channelId: string, blocks: readonly ArchivedBlock[], begins: boolean): Promise<readonly boolean[]>;
  stats(): Promise<{ readonly [name: string]: number }>;
}

/** Names of the calls: what of it a client may call. */
export const adminCalls: readonly (keyof HostAdmin)[] = [
  'describe',
  'groups',
  'deadLetters',
  'redrive',
  'discard',
  'importBlocks',
  'stats',
];
