// How the groups of a channel stand, told by folding: claims, ends and failures are records of the journal like blocks, so
// every process comes to the same end. Moments are what the proposer's clock said; nobody's clock is asked when folding.

import { GroupChannel } from '../../core/group-channel.ts';
import type { GroupRecord } from '../../core/group-channel.ts';
import type { DeadRecord } from '../../core/host-admin.ts';
import type { Priority } from '../../core/message.ts';

interface Of {
  readonly t: 'group';
  readonly group: string;
  readonly id: string;
  /** Milliseconds since the epoch, as the proposer had them. */
  readonly now: number;
}

/** What an attempt of a member was, and how long it waits if it comes again. */
interface Attempt {
  readonly offset: number;
  readonly attempt: number;
  readonly owner: string;
}

export type GroupProposal = Of &
  (
    | { readonly how: 'begin'; readonly at: number }
    /** One owner for each message that may be handed out; nothing beyond the head that the claimant saw. */
    | {
        readonly how: 'claim';
        readonly owners: readonly string[];
        readonly head: number;
        readonly lease: number;
        readonly maxAttempts: number;
        readonly ordered: boolean;
        /** How long what has lost its lease waits. */
        readonly wait: number;
      }
    | { readonly how: 'done'; readonly all: readonly Attempt[] }
    | {
        readonly how: 'failed';
        readonly of: Attempt;
        readonly wait: number;
        readonly reason: string;
        readonly dead: boolean;
      }
    | { readonly how: 'back'; readonly of: Attempt }
    | { readonly how: 'extend'; readonly of: Attempt; readonly ms: number }
    | { readonly how: 'gone'; readonly prefix: string; readonly maxAttempts: number }
    | { readonly how: 'pass'; readonly logId: string; readonly offsets: readonly number[] }
    | { readonly how: 'erased'; readonly offset: number }
    | { readonly how: 'cleared'; readonly upTo: number }
    | { readonly how: 'redrive' | 'discard'; readonly offsets: readonly number[] }
  );

export interface GroupResult {
  readonly given: readonly Attempt[];
  readonly lost: readonly Attempt[];
  readonly buried: readonly DeadRecord[];
  /** For each attempt that was told: whether it is so now. */
  readonly accepted: readonly boolean[];
}

export interface GroupCheckpoint {
  readonly record: GroupRecord;
  readonly leases: readonly (readonly [offset: number, until: number])[];
  readonly dead: readonly DeadRecord[];
}

/** One group at one channel. */
export class GroupFold {
  readonly name: string;
  readonly channelId: string;
  readonly dead: Map<number, DeadRecord>;
  readonly channel: GroupChannel;
  /** The latest moment that any record told: time never goes back. */
  #now: number;

  constructor(name: string, channelId: string, from: GroupCheckpoint, now: number) {
    this.name = name;
    this.channelId = channelId;
    this.#now = now;
    this.channel = new GroupChannel(channelId, from.record, { now: () => this.#now, elapsed: () => this.#now });
    for (const [offset, until] of from.leases) {
      const claim = this.channel.held.get(offset);
      if (claim !== undefined) claim.until = until;
    }
    this.dead = new Map(from.dead.map((letter) => [letter.offset, letter]));
  }

  get checkpoint(): GroupCheckpoint {
    return {
      record: this.channel.record,
      leases: [...this.channel.held].map(([offset, { until }]) => [offset, until]),
      dead: [...this.dead.values()],
    };
  }

  /** A block was appended. */
  feed(logId: string, first: number, last: number, priority: Priority, isControl: boolean): void {
    this.channel.feed(logId, first, last, priority, () => undefined);
    if (isControl) this.channel.passOver(last);
  }

  take(proposal: GroupProposal): GroupResult {
    this.#now = Math.max(this.#now, proposal.now);
    const given: Attempt[] = [];
    const lost: Attempt[] = [];
    const buried: DeadRecord[] = [];
    const accepted: boolean[] = [];
    const { channel } = this;
    switch (proposal.how) {
      case 'claim':
        this.#expire(proposal, lost, buried);
        this.#claim(proposal, given, buried);
        break;
      case 'done':
        for (const of of proposal.all) {
          const isTrue = this.#isHeld(of);
          if (isTrue) channel.settle(of.offset);
          accepted.push(isTrue || channel.isSettled(of.offset));
        }
        break;
      case 'failed':
        accepted.push(this.#isHeld(proposal.of));
        if (accepted[0] === true) this.#failed(proposal.of, proposal.wait, proposal.reason, proposal.dead, buried);
        else accepted[0] = channel.isSettled(proposal.of.offset);
        break;
      case 'back':
        if (this.#isHeld(proposal.of)) this.#again(proposal.of.offset, proposal.of.attempt - 1, 0);
        break;
      case 'extend': {
        const claim = this.#isHeld(proposal.of) ? channel.held.get(proposal.of.offset) : undefined;
        if (claim !== undefined) claim.until = this.#now + proposal.ms;
        accepted.push(claim !== undefined);
        break;
      }
      case 'gone':
        for (const [offset, { owner, attempt }] of channel.held) {
          if (!owner.startsWith(proposal.prefix)) continue;
          const dead = attempt >= proposal.maxAttempts;
          this.#failed({ offset, attempt, owner }, 0, 'Its member died.', dead, buried);
        }
        break;
      case 'pass':
        if (channel.logId === proposal.logId) for (const offset of proposal.offsets) channel.passOver(offset);
        break;
      case 'erased':
        channel.erased(proposal.offset);
        this.dead.delete(proposal.offset);
        break;
      case 'cleared':
        channel.cleared(proposal.upTo);
        for (const offset of this.dead.keys()) if (offset <= proposal.upTo) this.dead.delete(offset);
        break;
      case 'redrive':
      case 'discard':
        for (const offset of proposal.offsets) {
          const letter = this.dead.get(offset);
          accepted.push(this.dead.delete(offset));
          if (letter !== undefined && proposal.how === 'redrive')
            channel.putBack(offset, { attempts: 0, wait: 0, priority: letter.priority });
        }
        break;
      default:
    }
    return { given, lost, buried, accepted };
  }

  #isHeld({ offset, attempt, owner }: Attempt): boolean {
    const claim = this.channel.held.get(offset);
    return claim?.owner === owner && claim.attempt === attempt;
  }

  #again(offset: number, attempts: number, wait: number): void {
    const { priority = 'normal' } = this.channel.held.get(offset) ?? {};
    this.channel.putBack(offset, { attempts, wait, priority });
  }

  #failed({ offset, attempt }: Attempt, wait: number, reason: string, dead: boolean, buried: DeadRecord[]): void {
    if (dead) this.#bury(offset, attempt, reason, buried);
    else this.#again(offset, attempt, wait);
  }

  #bury(offset: number, attempts: number, reason: string, buried: DeadRecord[]): void {
    const { priority = 'normal' } = this.channel.held.get(offset) ?? {};
    const letter = { group: this.name, channelId: this.channelId, offset, reason, priority, attempts };
    this.channel.settle(offset);
    this.dead.set(offset, letter);
    buried.push(letter);
  }

  #expire(
    { wait, maxAttempts }: Extract<GroupProposal, { how: 'claim' }>,
    lost: Attempt[],
    buried: DeadRecord[],
  ): void {
    for (const [offset, { until, owner, attempt }] of this.channel.held) {
      if (until > this.#now) continue;
      lost.push({ offset, attempt, owner });
      this.#failed({ offset, attempt, owner }, wait, 'Its lease ended.', attempt >= maxAttempts, buried);
    }
  }

  #claim(
    { owners, head, lease, maxAttempts, ordered }: Extract<GroupProposal, { how: 'claim' }>,
    given: Attempt[],
    buried: DeadRecord[],
  ): void {
    for (let at = 0; at < owners.length;) {
      const turn = ordered ? this.channel.nextInOrder(this.#now) : this.channel.next(this.#now);
      if (turn === undefined || turn.offset > head) return;
      const owner = owners[at] as string;
      this.channel.claim(turn, owner, lease);
      const claim = this.channel.held.get(turn.offset);
      if (claim !== undefined) claim.until = this.#now + lease;
      if (turn.attempt > maxAttempts) {
        const attempts = turn.attempt - 1;
        this.#bury(turn.offset, attempts, `It was given out ${attempts} times and never finished.`, buried);
        continue;
      }
      given.push({ offset: turn.offset, attempt: turn.attempt, owner });
      at += 1;
    }
  }
}
