// How a group stands at a channel, told by folding: claims, ends and failures are records of the journal like blocks, so every
// process comes to the same end. Moments are what the proposer's clock said; nobody's clock is asked when folding.

import { GroupChannel } from '../../core/group-channel.ts';
import type { Turn } from '../../core/group-channel.ts';
import type { DeadRecord } from '../../core/host-admin.ts';
import type { Attempt, Backoff, GroupCheckpoint, GroupProposal, GroupResult } from './group-proposal.ts';
import type { Marks } from './marks.ts';

/** With so many to come again, nothing new is handed out: as in `GroupChannel`. */
const maxAgain = 256;
/** A claim looks at so many messages more than those that were looked at before. */
const piece = 65_536;

type Claim = Extract<GroupProposal, { how: 'claim' }>;

interface Result extends GroupResult {
  readonly given: Attempt[];
  readonly lost: Attempt[];
  readonly buried: DeadRecord[];
  readonly accepted: boolean[];
}

export class GroupFold {
  readonly name: string;
  readonly channelId: string;
  readonly dead: Map<number, DeadRecord>;
  readonly channel: GroupChannel;
  readonly #marks: Marks;
  /** What is up to here was looked at. */
  #filled: number;
  #isOrdered: boolean;
  /** The latest moment that any record told: time never goes back. */
  #now: number;

  constructor(name: string, channelId: string, from: GroupCheckpoint, marks: Marks, now: number) {
    this.name = name;
    this.channelId = channelId;
    this.#marks = marks;
    this.#now = now;
    this.channel = new GroupChannel(channelId, from.record, { now: () => this.#now, elapsed: () => this.#now });
    for (const [offset, until] of from.leases) {
      const claim = this.channel.held.get(offset);
      if (claim !== undefined) claim.until = until;
    }
    this.dead = new Map(from.dead.map((letter) => [letter.offset, letter]));
    this.#filled = from.record.position;
    this.#isOrdered = from.ordered;
    this.#fill(from.filled);
  }

  get checkpoint(): GroupCheckpoint {
    return {
      record: this.channel.record,
      leases: [...this.channel.held].map(([offset, { until }]) => [offset, until]),
      dead: [...this.dead.values()],
      ordered: this.#isOrdered,
      filled: this.#filled,
    };
  }

  /** Whether a claim at this moment would change anything, if there is room for what it hands out. */
  hasWork(now: number, head: number, hasRoom: boolean, ordered: boolean): boolean {
    const { channel } = this;
    for (const { until } of channel.held.values()) if (until <= now) return true;
    if (!hasRoom) return false;
    if ((ordered ? channel.nextInOrder(now) : channel.next(now)) !== undefined) return true;
    return this.#filled < head && (ordered ? channel.held.size === 0 : channel.again.size < maxAgain);
  }

  /** When the next lease ends, or the next message is due. */
  nextMoment(now: number): number {
    let next = Infinity;
    for (const { until } of this.channel.held.values()) next = Math.min(next, until);
    for (const { due } of this.channel.again.values()) if (due > now) next = Math.min(next, due);
    return next;
  }

  /** The last offset that the group does not need any more. */
  get floor(): number {
    const { position, held, again } = this.channel;
    return Math.min(position, ...[...held.keys(), ...again.keys(), ...this.dead.keys()].map((offset) => offset - 1));
  }

  isHeld({ offset, attempt, owner }: Attempt): boolean {
    const claim = this.channel.held.get(offset);
    return claim?.owner === owner && claim.attempt === attempt;
  }

  /** All below it was dropped. */
  trimmed(first: number): void {
    this.channel.cleared(first - 1);
    for (const offset of this.dead.keys()) if (offset < first) this.dead.delete(offset);
  }

  take(proposal: GroupProposal, head: number, now: number): GroupResult {
    this.#now = now;
    const result: Result = { given: [], lost: [], buried: [], accepted: [] };
    const { channel } = this;
    switch (proposal.how) {
      case 'claim':
        this.#expire(proposal, result);
        this.#claim(proposal, result);
        break;
      case 'done':
        for (const of of proposal.all) {
          const isTrue = this.isHeld(of);
          if (isTrue) channel.settle(of.offset);
          result.accepted.push(isTrue || channel.isSettled(of.offset));
        }
        break;
      case 'failed':
        for (const of of proposal.all) {
          const isTrue = this.isHeld(of);
          const dead = proposal.dead || of.attempt >= proposal.maxAttempts;
          if (isTrue) this.#failed(of, waitOf(proposal.backoff, of.attempt), proposal.reason, dead, result);
          result.accepted.push(isTrue || channel.isSettled(of.offset));
        }
        break;
      case 'back':
        for (const of of proposal.all) if (this.isHeld(of)) this.#again(of.offset, of.attempt - 1, 0);
        break;
      case 'extend':
        for (const of of proposal.all) {
          const claim = this.isHeld(of) ? channel.held.get(of.offset) : undefined;
          if (claim !== undefined) claim.until = now + proposal.ms;
          result.accepted.push(claim !== undefined);
        }
        break;
      case 'gone':
        for (const [offset, { owner, attempt }] of channel.held) {
          if (!owner.startsWith(proposal.prefix)) continue;
          result.lost.push({ offset, attempt, owner });
          this.#failed({ offset, attempt, owner }, 0, 'Its member died.', attempt >= proposal.maxAttempts, result);
        }
        break;
      case 'pass':
        this.#fill(Math.min(head, Math.max(...proposal.offsets)));
        for (const offset of proposal.offsets) channel.passOver(offset);
        break;
      case 'erased':
        this.#fill(Math.min(head, proposal.offset));
        channel.erased(proposal.offset);
        this.dead.delete(proposal.offset);
        break;
      case 'redrive':
      case 'discard':
        for (const offset of proposal.offsets) {
          const letter = this.dead.get(offset);
          result.accepted.push(this.dead.delete(offset));
          if (letter !== undefined && proposal.how === 'redrive')
            channel.putBack(offset, { attempts: 0, wait: 0, priority: letter.priority });
        }
        break;
      case 'begin':
      default:
    }
    return result;
  }

  /** What is up to there can be handed out. */
  #fill(upTo: number): void {
    const { channel } = this;
    const from = Math.max(this.#filled, channel.position) + 1;
    this.#filled = Math.max(this.#filled, upTo);
    for (const [first, last, mark] of this.#marks.runs(from, upTo)) {
      const priority = mark === 'control' || this.#isOrdered ? 'normal' : mark;
      channel.feed(channel.logId, first, last, priority, () => undefined);
      // What was deleted or cleared is told to whoever keeps the order, and is no work for others.
      if (mark === 'control' && !this.#isOrdered)
        for (let offset = first; offset <= last; offset++) channel.passOver(offset);
    }
  }

  #again(offset: number, attempts: number, wait: number): void {
    const { priority = 'normal' } = this.channel.held.get(offset) ?? {};
    this.channel.putBack(offset, { attempts, wait, priority });
  }

  #failed({ offset, attempt }: Attempt, wait: number, reason: string, dead: boolean, result: Result): void {
    if (dead) this.#bury(offset, attempt, reason, result);
    else this.#again(offset, attempt, wait);
  }

  #bury(offset: number, attempts: number, reason: string, { buried }: Result): void {
    const { priority = 'normal' } = this.channel.held.get(offset) ?? {};
    const letter = { group: this.name, channelId: this.channelId, offset, reason, priority, attempts };
    this.channel.settle(offset);
    this.dead.set(offset, letter);
    buried.push(letter);
  }

  #expire({ backoff, maxAttempts }: Claim, result: Result): void {
    for (const [offset, { until, owner, attempt }] of this.channel.held) {
      if (until > this.#now) continue;
      result.lost.push({ offset, attempt, owner });
      const wait = waitOf(backoff, attempt);
      this.#failed({ offset, attempt, owner }, wait, 'Its lease ended.', attempt >= maxAttempts, result);
    }
  }

  #claim({ owners, head, lease, maxAttempts, ordered }: Claim, result: Result): void {
    this.#isOrdered = ordered;
    if (owners.length > 0) this.#fill(Math.min(head, this.#filled + piece));
    for (let at = 0; at < owners.length;) {
      const turn = this.#next(ordered, head);
      if (turn === undefined) return;
      const owner = owners[at] as string;
      this.channel.claim(turn, owner, lease);
      const claim = this.channel.held.get(turn.offset);
      if (claim !== undefined) claim.until = this.#now + lease;
      if (turn.attempt > maxAttempts) {
        const attempts = turn.attempt - 1;
        this.#bury(turn.offset, attempts, `It was given out ${attempts} times and never finished.`, result);
        continue;
      }
      result.given.push({ offset: turn.offset, attempt: turn.attempt, owner });
      at += 1;
    }
  }

  #next(ordered: boolean, head: number): Turn | undefined {
    const { channel } = this;
    for (;;) {
      const turn = ordered ? channel.nextInOrder(this.#now) : channel.next(this.#now);
      if (turn !== undefined || this.#filled >= head) return turn;
      if (ordered ? channel.held.size > 0 : channel.again.size >= maxAgain) return undefined;
      this.#fill(Math.min(head, this.#filled + piece));
    }
  }
}

/** Whole milliseconds: what comes after the comma may differ from one engine to the next. */
function waitOf([initial, longest, factor, chance]: Backoff, attempts: number): number {
  // Nothing times too much is no number, and no wait.
  return Math.round((Math.min(longest, initial * factor ** (attempts - 1)) || 0) * chance);
}
