// All groups of one log: who is a member of which, and what operators ask about them.

import { matcher } from './channel.ts';
import { busError, describe } from './errors.ts';
import { Group } from './group.ts';
import { GroupChannel } from './group-channel.ts';
import type { GroupRecord } from './group-channel.ts';
import type { GroupHome, GroupKeeper, HostMembership } from './group-keeper.ts';
import type { GroupMember } from './group-members.ts';
import { begunPrefix, deadName, deadPrefix, groupPrefix, placeOf } from './group-names.ts';
import type { DeadRecord } from './host-admin.ts';
import type { JoinRequest, MemberSink, Ref } from './host.ts';
import type { GroupInfo } from './message-bus.ts';

/** Dead letters that came back may lie below the position. */
function underWay({ held, again }: GroupRecord): readonly number[] {
  return [...held, ...again].map(([offset]) => offset);
}

export class Groups implements GroupKeeper {
  readonly #home: GroupHome;
  readonly #groups = new Map<string, Group>();

  constructor(home: GroupHome) {
    this.#home = home;
  }

  join(clientId: string, name: string, request: JoinRequest, sink: MemberSink, held: readonly Ref[]): HostMembership {
    const group = this.#group(request.group);
    const { slots, pattern } = request;
    const member: GroupMember = {
      clientId,
      name,
      request,
      sink,
      matches: matcher(pattern),
      slots,
      inHand: 0,
      isLate: false,
    };
    const joined = group.join(member, held);
    joined.catch((cause: unknown) => {
      group.leave(member);
      const what = `Group "${request.group}" could not be joined: ${describe(cause)}`;
      const error = busError('HOST_LOST', what, { cause, retryable: true });
      this.#home.failed(error);
      sink.failed(error);
    });
    return {
      settle: (ref, outcome) => joined.then(() => group.settle(member, ref, outcome)),
      extend: (ref, ms) => joined.then(() => group.extend(member, ref, ms)),
      passOver: (channelId, logId, offsets) => group.passOver(channelId, logId, offsets),
      slots: (now) => group.slots(member, now),
      leave: () => void joined.catch(() => undefined).then(() => group.leave(member, true)),
      detach: () => group.leave(member),
    };
  }

  gone(clientId: string): void {
    for (const group of this.#groups.values()) group.gone(clientId);
  }

  async erased(channelId: string, offset: number): Promise<void> {
    for (const group of this.#groups.values()) group.erased(channelId, (channel) => channel.erased(offset));
    await this.#forget((letter) => letter.channelId === channelId && letter.offset === offset);
  }

  async cleared(channelId: string, upTo: number): Promise<void> {
    for (const group of this.#groups.values()) group.erased(channelId, (channel) => channel.cleared(upTo));
    await this.#forget((letter) => letter.channelId === channelId && letter.offset <= upTo);
  }

  async list(channelId?: string): Promise<readonly GroupInfo[]> {
    const { log, platform } = this.#home;
    const records = [...(await log.records(groupPrefix))].map(([name, record]) => ({ ...placeOf(name), record }));
    const wanted = records.filter((one) => channelId === undefined || one.channelId === channelId);
    return Promise.all(
      wanted.map(async ({ group, channelId: on, record }) => {
        const channel = new GroupChannel(on, record as GroupRecord, platform);
        const { head } = await log.head(on);
        const members = this.#groups.get(group)?.members.filter(({ matches }) => matches(on)).length ?? 0;
        return { group, channelId: on, members, pending: channel.pending, lag: channel.lag(head) };
      }),
    );
  }

  async deadLetters(group?: string): Promise<readonly DeadRecord[]> {
    const letters = [...(await this.#home.log.records(deadPrefix)).values()] as DeadRecord[];
    return letters.filter((letter) => group === undefined || letter.group === group);
  }

  async redrive(letters: readonly DeadRecord[]): Promise<number> {
    const still = await this.#stillDead(letters);
    const byGroup = new Map<string, DeadRecord[]>();
    for (const letter of still) byGroup.set(letter.group, [...(byGroup.get(letter.group) ?? []), letter]);
    const counts = await Promise.all([...byGroup].map(([group, own]) => this.#group(group).redrive(own)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async discard(letters: readonly DeadRecord[]): Promise<number> {
    const still = await this.#stillDead(letters);
    await this.#home.log.save(still.map((letter) => [deadName(letter), undefined]));
    return still.length;
  }

  /** Dead letters whose messages are gone are none any more. */
  async #forget(isGone: (letter: DeadRecord) => boolean): Promise<void> {
    const gone = (await this.deadLetters()).filter((letter) => isGone(letter));
    if (gone.length > 0) await this.#home.log.save(gone.map((letter) => [deadName(letter), undefined]));
  }

  /** Asked twice, a letter must not come back twice. */
  async #stillDead(letters: readonly DeadRecord[]): Promise<readonly DeadRecord[]> {
    const records = await this.#home.log.records(deadPrefix);
    return letters.filter((letter) => records.has(deadName(letter)));
  }

  async floor(channelId: string): Promise<number> {
    const { log } = this.#home;
    const groups = [...(await log.records(groupPrefix))].filter(([name]) => placeOf(name).channelId === channelId);
    const known = new Set(groups.map(([name]) => placeOf(name).group));
    const begun = [...(await log.records(begunPrefix)).keys()].map((name) => placeOf(name));
    // A group that was there before this channel was reads it from its start.
    if (begun.some(({ group, channelId: pattern }) => !known.has(group) && matcher(pattern)(channelId))) return 0;
    const positions = groups.map(([, record]) => (record as GroupRecord).position);
    const letters = (await this.deadLetters()).filter((letter) => letter.channelId === channelId);
    const under = groups.flatMap(([, record]) => underWay(record as GroupRecord));
    return Math.min(Infinity, ...positions, ...[...under, ...letters.map(({ offset }) => offset)].map((n) => n - 1));
  }

  close(): void {
    for (const group of this.#groups.values()) group.close();
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, (group = new Group(name, this.#home)));
    return group;
  }
}
