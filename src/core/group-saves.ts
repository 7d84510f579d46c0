// What a group has decided, on its way to the log: nobody is told of it before it is on record.

import type { GroupChannel } from './group-channel.ts';
import { groupName } from './group-names.ts';
import type { Log } from './log.ts';
import type { Platform } from './platform.ts';

/** How long a group waits after a save that the disk refused, or a read that failed. */
export const retryAfter = 1000;

export interface SavesHome {
  readonly log: Pick<Log, 'save'>;
  readonly platform: Pick<Platform, 'timer'>;
}

export class GroupSaves {
  readonly #group: string;
  readonly #home: SavesHome;
  /** There is something to save, or it may go on. */
  readonly #onWork: () => void;
  /** Changed since the last save. */
  readonly #changed = new Set<GroupChannel>();
  #records: (readonly [string, unknown])[] = [];
  /** What is to be told when it is on record. */
  #staged: (() => void)[] = [];
  #isSaving = false;

  constructor(group: string, home: SavesHome, onWork: () => void) {
    this.#group = group;
    this.#home = home;
    this.#onWork = onWork;
  }

  touch(channel: GroupChannel): void {
    this.#changed.add(channel);
    this.#onWork();
  }

  /** Goes along with what is saved next. */
  put(name: string, record: unknown): void {
    this.#records.push([name, record]);
  }

  stage(told: () => void): void {
    this.#staged.push(told);
    this.#onWork();
  }

  /** Resolves when all of it is on record. */
  staged(): Promise<void> {
    return new Promise((resolve) => this.stage(resolve));
  }

  /** One save at a time; what changes meanwhile is in the next. */
  async save(): Promise<void> {
    if (this.#isSaving || this.#changed.size + this.#records.length + this.#staged.length === 0) return;
    this.#isSaving = true;
    const staged = this.#staged.splice(0);
    const records = this.#records.splice(0);
    const changed = [...this.#changed];
    this.#changed.clear();
    const all = [...records, ...changed.map((each) => [groupName(this.#group, each.channelId), each.record] as const)];
    try {
      if (all.length > 0) await this.#home.log.save(all);
      for (const told of staged) told();
    } catch {
      // The disk is full, or the host is at its end: then the next host goes on from what is on record.
      this.#staged.unshift(...staged);
      await new Promise<void>((resolve) => this.#home.platform.timer(retryAfter, resolve));
      for (const channel of changed) this.#changed.add(channel);
      this.#records.unshift(...records);
    }
    this.#isSaving = false;
    this.#onWork();
  }
}
