// The client's memberships in groups, over hosts that come and go. What a member has in hand, and what it has said of it, is
// kept until a host says that it is on record; the next host is told all of it.

import { busError, fromRecord } from '../core/errors.ts';
import type { BusError } from '../core/errors.ts';
import type { JoinRequest, Membership, MemberSink, Outcome, Ref } from '../core/host.ts';
import type { ClientFrame, HandFrame, JoinedFrame, LostFrame, SettledFrame } from './frames.ts';

const keptLeft = 64;

interface InHand {
  readonly ref: Ref;
  outcome?: Outcome;
  /** Asks again for the time it was given last: the next host knows only of its lease. */
  extend?: () => Promise<void>;
  resolve?: () => void;
  reject?: (error: BusError) => void;
}

interface Member {
  request: JoinRequest;
  readonly sink: MemberSink;
  readonly inHand: Map<string, InHand>;
}

function keyOf({ channelId, offset, attempt }: Ref): string {
  return `${offset}:${attempt}:${channelId}`;
}

export type MemberFrame = JoinedFrame | HandFrame | LostFrame | SettledFrame;

export class RemoteMembers {
  readonly #members = new Map<number, Member>();
  /** They left since the last host was greeted: what may have been on its way to them is still theirs on its record. */
  readonly #left = new Map<number, Member>();
  readonly #say: (frame: ClientFrame) => void;
  #count = 0;

  constructor(say: (frame: ClientFrame) => void) {
    this.#say = say;
  }

  /** Whether an acknowledgement is not on record yet. */
  get waiting(): boolean {
    for (const { inHand } of this.#members.values())
      for (const { outcome } of inHand.values()) if (outcome !== undefined) return true;
    return false;
  }

  join(
    request: JoinRequest,
    sink: MemberSink,
    extend: (member: number, ref: Ref, ms: number) => Promise<void>,
  ): Membership {
    const n = ++this.#count;
    const member: Member = { request, sink, inHand: new Map() };
    this.#members.set(n, member);
    this.#sayJoin(n, member);
    return {
      settle: (ref, outcome) => this.#settle(n, member, ref, outcome),
      passOver: (channelId, logId, offsets) => this.#say({ type: 'pass', member: n, channelId, logId, offsets }),
      extend: (ref, ms) => {
        const entry = member.inHand.get(keyOf(ref));
        if (entry !== undefined) entry.extend = () => extend(n, ref, ms);
        return extend(n, ref, ms);
      },
      slots: (slots) => {
        member.request = { ...member.request, slots };
        this.#say({ type: 'slots', member: n, slots });
      },
      leave: () => {
        if (!this.#members.delete(n)) return;
        this.#say({ type: 'leave', member: n });
        // Few are needed: those of the last moments.
        if (this.#left.size >= keptLeft) this.#left.clear();
        this.#left.set(n, { ...member, request: { ...member.request, slots: 0 }, inHand: new Map() });
      },
    };
  }

  take(frame: MemberFrame): void {
    const member = this.#members.get(frame.member);
    if (member === undefined) return;
    switch (frame.type) {
      case 'joined':
        return member.sink.joined();
      case 'hand':
        member.inHand.set(keyOf(frame.ref), { ref: frame.ref });
        return member.sink.hand(frame.ref);
      case 'lost':
        return this.#lost(member, frame.ref);
      case 'settled':
        return this.#settled(member, frame);
    }
  }

  /** All of it again, to a host that is new. */
  resume(): void {
    for (const [n, member] of this.#left) {
      this.#sayJoin(n, member);
      this.#say({ type: 'leave', member: n });
    }
    this.#left.clear();
    for (const [n, member] of this.#members) {
      this.#sayJoin(n, member);
      for (const { ref, outcome, extend } of member.inHand.values()) {
        if (outcome !== undefined) this.#say({ type: 'settle', member: n, ref, outcome });
        else extend?.().catch(() => undefined);
      }
    }
  }

  fail(error: BusError): void {
    for (const { sink, inHand } of this.#members.values()) {
      for (const { reject } of inHand.values()) reject?.(error);
      sink.failed(error);
    }
    this.#members.clear();
  }

  #sayJoin(n: number, { request, inHand }: Member): void {
    this.#say({ type: 'join', member: n, ...request, held: [...inHand.values()].map(({ ref }) => ref) });
  }

  #settle(n: number, member: Member, ref: Ref, outcome: Outcome): Promise<void> {
    const entry = member.inHand.get(keyOf(ref));
    if (entry === undefined) return Promise.reject(busError('LEASE_LOST', 'The attempt was given to another member.'));
    return new Promise((resolve, reject) => {
      Object.assign(entry, { outcome, resolve, reject });
      this.#say({ type: 'settle', member: n, ref, outcome });
    });
  }

  #settled(member: Member, { ref, error }: SettledFrame): void {
    const entry = member.inHand.get(keyOf(ref));
    if (entry === undefined) return;
    member.inHand.delete(keyOf(ref));
    if (error === undefined) entry.resolve?.();
    else entry.reject?.(fromRecord(error));
  }

  #lost(member: Member, ref: Ref): void {
    const entry = member.inHand.get(keyOf(ref));
    // What was said of it is still to be answered: it may have been on record before.
    if (entry === undefined || entry.outcome !== undefined) return;
    member.inHand.delete(keyOf(ref));
    member.sink.lost(ref);
  }
}
