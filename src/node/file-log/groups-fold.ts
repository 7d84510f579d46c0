// All groups at one channel, as its journal tells of them.

import { GroupFold } from './group-fold.ts';
import type { GroupCheckpoint, GroupProposal, GroupResult } from './group-proposal.ts';
import { Marks } from './marks.ts';
import type { MarkedRun } from './marks.ts';

export interface GroupsCheckpoint {
  readonly now: number;
  readonly marks: readonly MarkedRun[];
  readonly groups: readonly (readonly [name: string, group: GroupCheckpoint])[];
}

export const noGroups: GroupsCheckpoint = { now: 0, marks: [], groups: [] };

/** What a group is told of its channel. */
interface At {
  readonly channelId: string;
  readonly logId: string;
  readonly first: number;
  readonly head: number;
}

export class GroupsFold {
  readonly marks: Marks;
  readonly #groups: Map<string, GroupFold>;
  /** The latest moment that any record told. */
  now: number;

  constructor(channelId: string, { now, marks, groups }: GroupsCheckpoint) {
    this.marks = new Marks(marks);
    this.now = now;
    this.#groups = new Map(
      groups.map(([name, group]) => [name, new GroupFold(name, channelId, group, this.marks, now)]),
    );
  }

  get checkpoint(): GroupsCheckpoint {
    const groups = [...this.#groups].map(([name, group]) => [name, group.checkpoint] as const);
    return { now: this.now, marks: this.marks.all, groups };
  }

  get(name: string): GroupFold | undefined {
    return this.#groups.get(name);
  }

  get names(): readonly string[] {
    return [...this.#groups.keys()];
  }

  trimmed(first: number): void {
    this.marks.trim(first);
    for (const group of this.#groups.values()) group.trimmed(first);
  }

  take(proposal: GroupProposal, at: At): GroupResult {
    this.now = Math.max(this.now, Date.parse(proposal.at));
    return this.#group(proposal, at).take(proposal, at.head, this.now);
  }

  /** One that was there before this channel was reads it from its start. */
  #group({ group: name, ...proposal }: GroupProposal, { channelId, logId, first, head }: At): GroupFold {
    let group = this.#groups.get(name);
    if (group === undefined) {
      const position = Math.max(first - 1, proposal.how === 'begin' ? Math.min(proposal.after, head) : 0);
      const record = { logId, position, done: [], held: [], again: [] };
      const checkpoint = { record, leases: [], dead: [], ordered: false, filled: position };
      group = new GroupFold(name, channelId, checkpoint, this.marks, this.now);
      this.#groups.set(name, group);
    }
    return group;
  }
}
