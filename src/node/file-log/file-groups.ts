// All groups of a log in files, as far as this process takes part; and what operators ask about them.

import { matcher } from '../../core/channel.ts';
import type { GroupHome, GroupKeeper, HostMembership } from '../../core/group-keeper.ts';
import { begunPrefix, placeOf } from '../../core/group-names.ts';
import type { DeadRecord } from '../../core/host-admin.ts';
import type { JoinRequest, MemberSink, Ref } from '../../core/host.ts';
import type { GroupInfo } from '../../core/message-bus.ts';
import { memberOf, membershipOf } from '../group-members.ts';
import { FileGroup } from './file-group.ts';
import type { GroupPart, Member } from './group-part.ts';
import type { GroupFold } from './group-fold.ts';
import type { GroupResult } from './group-proposal.ts';
import { memberPrefix } from './roster.ts';
import type { MemberRecord } from './roster.ts';

export interface GroupsPart extends GroupPart {
  /** All groups at a channel, after what others have written was read. */
  readonly at: (channelId: string) => Promise<{ readonly head: number; readonly groups: readonly GroupFold[] }>;
}

export class FileGroups implements GroupKeeper {
  readonly #part: GroupsPart;
  readonly #home: GroupHome;
  readonly #groups = new Map<string, FileGroup>();

  constructor(part: GroupsPart, home: GroupHome) {
    this.#part = part;
    this.#home = home;
  }

  /** Something became of a proposal. */
  changed(channelId: string, group: string, result: GroupResult): void {
    this.#groups.get(group)?.changed(channelId, result);
  }

  /** It is not known what became of proposals of others. */
  missed(channelId: string): void {
    for (const group of this.#groups.values()) group.missed(channelId);
  }

  /** Others had taken this process to be gone. */
  async revived(): Promise<void> {
    for (const group of this.#groups.values()) for (const member of group.members) await group.register(member);
  }

  join(clientId: string, name: string, request: JoinRequest, sink: MemberSink, _held: readonly Ref[]): HostMembership {
    const member: Member = memberOf(clientId, `${this.#part.storeId}/${name}`, request, sink);
    return membershipOf(this.#group(request.group), member, this.#home);
  }

  gone(clientId: string): void {
    for (const group of this.#groups.values()) group.gone(clientId);
  }

  async erased(channelId: string, offset: number): Promise<void> {
    const { groups } = await this.#part.at(channelId);
    await Promise.all(groups.map(({ name }) => this.#part.propose(channelId, name, { how: 'erased', offset })));
  }

  /** What is trimmed is nobody's work any more: whoever reads the journal knows. */
  cleared(): Promise<void> {
    return Promise.resolve();
  }

  async list(channelId?: string): Promise<readonly GroupInfo[]> {
    const channels = channelId === undefined ? await this.#home.log.channels() : [channelId];
    const members = [...(await this.#part.beside(memberPrefix))].map(([name, record]) => {
      const matches = matcher((record as MemberRecord).pattern);
      return { group: placeOf(name).group, matches };
    });
    const all = channels.map(async (on) => {
      const { head, groups } = await this.#part.at(on);
      return groups.map(({ name, channel }) => ({
        group: name,
        channelId: on,
        members: members.filter(({ group, matches }) => group === name && matches(on)).length,
        pending: channel.pending,
        lag: channel.lag(head),
      }));
    });
    return (await Promise.all(all)).flat();
  }

  async deadLetters(group?: string): Promise<readonly DeadRecord[]> {
    const all = (await this.#home.log.channels()).map(async (channelId) => (await this.#part.at(channelId)).groups);
    const groups = (await Promise.all(all)).flat();
    return groups.filter(({ name }) => group === undefined || group === name).flatMap(({ dead }) => [...dead.values()]);
  }

  redrive(letters: readonly DeadRecord[]): Promise<number> {
    return this.#settleDead(letters, 'redrive');
  }

  discard(letters: readonly DeadRecord[]): Promise<number> {
    return this.#settleDead(letters, 'discard');
  }

  async floor(channelId: string): Promise<number> {
    const { groups } = await this.#part.at(channelId);
    const known = new Set(groups.map(({ name }) => name));
    const begun = [...(await this.#part.beside(begunPrefix)).keys()].map((name) => placeOf(name));
    // A group that was there before this channel was reads it from its start.
    if (begun.some(({ group, channelId: pattern }) => !known.has(group) && matcher(pattern)(channelId))) return 0;
    return Math.min(Infinity, ...groups.map(({ floor }) => floor));
  }

  close(): void {
    for (const group of this.#groups.values()) group.close();
  }

  async #settleDead(letters: readonly DeadRecord[], how: 'redrive' | 'discard'): Promise<number> {
    let count = 0;
    for (const { group, channelId, offset } of letters) {
      const result = await this.#part.propose(channelId, group, { how, offsets: [offset] });
      if (result?.accepted[0] === true) count += 1;
    }
    return count;
  }

  #group(name: string): FileGroup {
    let group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, (group = new FileGroup(name, this.#part, this.#home)));
    return group;
  }
}
