// Who is a member of a group, in all processes.

import { matcher } from '../../core/channel.ts';
import { processOf } from '../group-members.ts';
import { membersKey } from './keys.ts';
import type { GroupPart } from './group-part.ts';

export interface Enrolled {
  readonly pattern: string;
  /** Since when it is a member, in milliseconds since the epoch. */
  readonly since: number;
}

export class GroupRoster {
  readonly #group: string;
  readonly #part: Pick<GroupPart, 'command' | 'dead'>;

  constructor(group: string, part: Pick<GroupPart, 'command' | 'dead'>) {
    this.#group = group;
    this.#part = part;
  }

  async add(owner: string, { pattern, since }: Enrolled): Promise<void> {
    await this.#part.command(['HSET', membersKey, this.#field(owner), JSON.stringify({ pattern, since })]);
  }

  remove(owner: string): void {
    void this.#part.command(['HDEL', membersKey, this.#field(owner)]).catch(() => undefined);
  }

  async everybody(): Promise<readonly (Enrolled & { readonly owner: string })[]> {
    const fields = (await this.#part.command(['HGETALL', membersKey])) as Record<string, string>;
    return Object.entries(fields).flatMap(([field, text]) => {
      const [group, owner = ''] = field.split('\0');
      return group === this.#group ? [{ owner, ...(JSON.parse(text) as Enrolled) }] : [];
    });
  }

  /** Of those who want this channel and live, the one that is there longest. */
  async first(channelId: string): Promise<string | undefined> {
    const wanted = (await this.everybody()).filter(({ pattern }) => matcher(pattern)(channelId));
    const away = await this.#part.dead([...new Set(wanted.map(({ owner }) => processOf(owner)))]);
    const [first] = wanted
      .filter(({ owner }) => !away.includes(processOf(owner)))
      .toSorted((a, b) => a.since - b.since || (a.owner < b.owner ? -1 : 1));
    return first?.owner;
  }

  #field(owner: string): string {
    return `${this.#group}\0${owner}`;
  }
}
