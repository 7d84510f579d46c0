// Who is a member of a group, in all processes: each says so beside the messages, and what the dead said is taken back by others.

import { matcher } from '../../core/channel.ts';
import type { Records } from '../../core/log.ts';
import { processOf } from '../group-members.ts';
import type { GroupPart, Member } from './group-part.ts';

/** Where it is written who is a member, with what. */
export const memberPrefix = 'member:';
const memberName = (group: string, owner: string): string => `${memberPrefix}${group}\0${owner}`;
export interface MemberRecord {
  readonly pattern: string;
  readonly since: number;
}

interface Home {
  save(records: Records): Promise<void>;
}

type Listed = { readonly owner: string } & MemberRecord;

export class Roster {
  readonly #group: string;
  readonly #part: Pick<GroupPart, 'beside' | 'dead'>;
  readonly #log: Home;

  constructor(group: string, part: Pick<GroupPart, 'beside' | 'dead'>, log: Home) {
    this.#group = group;
    this.#part = part;
    this.#log = log;
  }

  async add({ owner, request: { pattern, since } }: Member): Promise<void> {
    await this.#log.save([[memberName(this.#group, owner), { pattern, since } satisfies MemberRecord]]);
  }

  async remove(owners: readonly string[]): Promise<void> {
    await this.#log.save(owners.map((owner) => [memberName(this.#group, owner), undefined]));
  }

  async all(): Promise<readonly Listed[]> {
    const prefix = memberName(this.#group, '');
    const all = await this.#part.beside(prefix);
    return [...all].map(([name, record]) => ({ owner: name.slice(prefix.length), ...(record as MemberRecord) }));
  }

  /** Of the living members for a channel, the one that is there longest. */
  async first(channelId: string): Promise<string | undefined> {
    const wanted = (await this.all()).filter(({ pattern }) => matcher(pattern)(channelId));
    const away = await this.#part.dead([...new Set(wanted.map(({ owner }) => processOf(owner)))]);
    const [first] = wanted
      .filter(({ owner }) => !away.includes(processOf(owner)))
      .toSorted((a, b) => a.since - b.since || (a.owner < b.owner ? -1 : 1));
    return first?.owner;
  }
}
