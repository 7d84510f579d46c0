// Members of groups in this process, on any log that processes share: who they are, who has room, and what they may do.

import { matcher } from '../core/channel.ts';
import { busError, describe } from '../core/errors.ts';
import type { BusError } from '../core/errors.ts';
import type { GroupHome, HostMembership } from '../core/group-keeper.ts';
import type { JoinRequest, MemberSink, Outcome, Ref } from '../core/host.ts';

/** `InHand` is what is known of a message that it has in hand, by `keyOf`. */
export interface GroupMember<InHand> {
  readonly clientId: string;
  /** `process/client/number`. */
  readonly owner: string;
  readonly request: JoinRequest;
  readonly sink: MemberSink;
  readonly matches: (channelId: string) => boolean;
  readonly inHand: Map<string, InHand>;
  slots: number;
  hasLeft: boolean;
}

/** What a member asks of its group. */
export interface JoinedGroup<Member> {
  join(member: Member): Promise<void>;
  /** With `giveBack` it has nothing at work: what was on its way to it may go to others at once. */
  leave(member: Member, giveBack: boolean): void;
  settle(member: Member, ref: Ref, outcome: Outcome): Promise<void>;
  extend(member: Member, ref: Ref, ms: number): Promise<void>;
  passOver(member: Member, channelId: string, logId: string, offsets: readonly number[]): void;
  slots(member: Member, slots: number): void;
}

/** What is handed out at once, at the most. */
export const mostAtOnce = 256;
/** How often it is looked whether members in other processes are gone, in milliseconds. */
export const lookEvery = 1000;

export const keyOf = ({ channelId, offset }: Pick<Ref, 'channelId' | 'offset'>): string => `${offset} ${channelId}`;

/** The name of a member begins with that of its process. */
export function processOf(owner: string): string {
  return owner.slice(0, owner.indexOf('/'));
}

export function leaseLost(): BusError {
  return busError('LEASE_LOST', 'The attempt was given to another member.');
}

export function memberOf<InHand>(
  clientId: string,
  owner: string,
  request: JoinRequest,
  sink: MemberSink,
): GroupMember<InHand> {
  const matches = matcher(request.pattern);
  return { clientId, owner, request, sink, matches, inHand: new Map(), slots: request.slots, hasLeft: false };
}

/** Joins; what the member asks for before it has joined waits for that. */
export function membershipOf<InHand>(
  group: JoinedGroup<GroupMember<InHand>>,
  member: GroupMember<InHand>,
  home: GroupHome,
): HostMembership {
  const joined = group.join(member);
  joined.catch((cause: unknown) => {
    group.leave(member, false);
    const what = `Group "${member.request.group}" could not be joined: ${describe(cause)}`;
    const error = busError('HOST_LOST', what, { cause, retryable: true });
    home.failed(error);
    member.sink.failed(error);
  });
  return {
    settle: (ref, outcome) => joined.then(() => group.settle(member, ref, outcome)),
    extend: (ref, ms) => joined.then(() => group.extend(member, ref, ms)),
    passOver: (channelId, logId, offsets) => group.passOver(member, channelId, logId, offsets),
    slots: (now) => group.slots(member, now),
    leave: () => group.leave(member, true),
    detach: () => group.leave(member, false),
  };
}

/** A member for each message that can be taken, in turn, begun with another one each time. */
export function inTurn<Member extends GroupMember<unknown>>(
  members: readonly Member[],
  turn: number,
): readonly Member[] {
  const room = members.map((member) => ({ member, left: member.slots - member.inHand.size }));
  const owners: Member[] = [];
  for (let isFull = false; !isFull && owners.length < mostAtOnce;) {
    isFull = true;
    for (let at = 0; at < room.length; at++) {
      const one = room[(turn + at) % room.length] as (typeof room)[number];
      if (one.left <= 0) continue;
      one.left -= 1;
      owners.push(one.member);
      isFull = false;
    }
  }
  return owners;
}
