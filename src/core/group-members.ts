// The members of one group that are there, and whose turn it is.

import type { JoinRequest, MemberSink } from './host.ts';

export interface GroupMember {
  readonly clientId: string;
  /** Unique; begins with the name of its client. */
  readonly name: string;
  readonly request: JoinRequest;
  readonly sink: MemberSink;
  readonly matches: (channelId: string) => boolean;
  slots: number;
  inHand: number;
  /** A lease of it ended and it has not said anything since: it may be frozen, or hang. Others come first. */
  isLate: boolean;
}

export class GroupMembers {
  /** The one that is there longest comes first. By its own clock: one that was set changes whose turn it is, and no more. */
  readonly all: GroupMember[] = [];
  #turn = 0;

  get first(): GroupMember | undefined {
    return this.all[0];
  }

  get isOrdered(): boolean {
    return this.first?.request.ordered === true;
  }

  add(member: GroupMember): void {
    this.all.push(member);
    this.all.sort((a, b) => a.request.since - b.request.since || (a.name < b.name ? -1 : 1));
  }

  /** Whether it was there. */
  remove(member: GroupMember): boolean {
    const at = this.all.indexOf(member);
    if (at >= 0) this.all.splice(at, 1);
    return at >= 0;
  }

  named(wanted: string): GroupMember | undefined {
    return this.all.find(({ name }) => name === wanted);
  }

  /** Whether anybody reads this. */
  wants(pattern: string): boolean {
    return this.all.some(({ request }) => request.pattern === pattern);
  }

  /** Whose turn it is: the next one with room; in order, the one that is there longest. */
  next(channelId: string): GroupMember | undefined {
    const wanted = this.all.filter(({ matches }) => matches(channelId));
    const inTime = wanted.filter(({ isLate }) => !isLate);
    const able = inTime.length > 0 ? inTime : wanted;
    const members = this.isOrdered ? able.slice(0, 1) : able;
    for (let at = 0; at < members.length; at++) {
      const member = members[(this.#turn + at) % members.length] as GroupMember;
      if (member.inHand >= member.slots) continue;
      this.#turn += at + 1;
      return member;
    }
    return undefined;
  }
}
