// One group at work, beside the log. It reads the channels of its members, hands each message to one of them, and sees that
// what a member does not finish comes to another. Nothing is handed out, and nothing acknowledged, before it is on record:
// whatever dies, the next host knows who has what.

import { firstOffset, weightOf } from './block.ts';
import type { StoredBlock } from './block.ts';
import { isPattern, matcher } from './channel.ts';
import { busError } from './errors.ts';
import type { BusError } from './errors.ts';
import { GroupChannel } from './group-channel.ts';
import type { Claim, GroupRecord, Turn } from './group-channel.ts';
import type { GroupHome } from './group-keeper.ts';
import { GroupMembers } from './group-members.ts';
import type { GroupMember } from './group-members.ts';
import { begunName, deadName, groupName, placeOf } from './group-names.ts';
import { GroupSaves, retryAfter } from './group-saves.ts';
import type { DeadRecord } from './host-admin.ts';
import type { JoinRequest, Outcome, Reader, Ref, Sink } from './host.ts';
import type { Position, Positions } from './log.ts';
import type { Reset } from './message-bus.ts';
import type { Platform } from './platform.ts';

function ownerClient(owner: string): string {
  return owner.slice(0, owner.lastIndexOf('/'));
}

const nothing = (): void => undefined;

/** A timer that is later than this, in milliseconds, is no longer just busy: the machine, or this host, slept. */
const lateness = 2000;

function leaseLost(): BusError {
  return busError('LEASE_LOST', 'The attempt was given to another member.');
}

/** Half to all of the time, so that what failed together does not come again together. */
function backoffOf({ backoff }: JoinRequest, attempts: number, platform: Platform): number {
  // Nothing times too much is no number, and no wait.
  const ms = Math.min(backoff.max, backoff.initial * backoff.factor ** (attempts - 1)) || 0;
  if (!backoff.jitter) return ms;
  const chance = new Uint8Array(1);
  platform.random(chance);
  return ms * (0.5 + (chance[0] as number) / 510);
}

export class Group {
  readonly name: string;
  readonly #home: GroupHome;
  readonly #channels = new Map<string, GroupChannel>();
  readonly #members = new GroupMembers();
  readonly #feeds = new Map<string, Reader>();
  #loading: Promise<void> | undefined;
  /** How many members wait for the log to join: what they have in hand they may have done. */
  #joining = 0;
  readonly #saves: GroupSaves;
  #isScheduled = false;
  /** When the timer was to fire. */
  #wakesAt = Infinity;
  #cancelTimer: (() => void) | undefined;
  #closed = false;

  constructor(name: string, home: GroupHome) {
    this.name = name;
    this.#home = home;
    this.#saves = new GroupSaves(name, home, () => this.#schedule());
  }

  get members(): readonly GroupMember[] {
    return this.#members.all;
  }

  /** `held` is what the member has in hand since before this host was there. */
  async join(member: GroupMember, held: readonly Ref[]): Promise<void> {
    const [early, forget] = this.#noteAppends();
    this.#joining += 1;
    try {
      await this.#loaded();
      await this.#begin(member.request, early);
    } finally {
      this.#joining -= 1;
      this.#schedule();
      forget();
    }
    if (this.#closed || member.slots < 0) return;
    this.#members.add(member);
    this.#resume(member, held);
    this.#feed(member.request.pattern);
    this.#saves.stage(() => member.sink.joined());
  }

  /** With `giveBack` it has nothing at work: what was on its way to it may go to others at once. */
  leave(member: GroupMember, giveBack = false): void {
    // One that is still joining must not come any more.
    member.slots = -1;
    if (!this.#members.remove(member)) return;
    if (giveBack) this.#giveBack(member);
    // Its turn is another one's now.
    this.#schedule();
    const { pattern } = member.request;
    if (this.#members.wants(pattern)) return;
    this.#feeds.get(pattern)?.close();
    this.#feeds.delete(pattern);
    if (this.#members.first === undefined) for (const channel of this.#channels.values()) channel.rewind();
  }

  /** The client died: what its members had in hand comes to others. */
  gone(clientId: string): void {
    for (const member of this.#members.all.filter((one) => one.clientId === clientId)) this.leave(member);
    for (const [channel, offset, claim] of this.#claims()) {
      if (ownerClient(claim.owner) === clientId) this.#failed(channel, offset, claim, 'Its member died.', false);
    }
  }

  settle(member: GroupMember, ref: Ref, outcome: Outcome): Promise<void> {
    member.isLate = false;
    const channel = this.#channels.get(ref.channelId);
    const claim = this.#claimOf(channel, member, ref);
    if (channel === undefined || claim === undefined) {
      // It may have been acknowledged to a host that died before it could say so.
      return channel?.isSettled(ref.offset) === true ? Promise.resolve() : Promise.reject(leaseLost());
    }
    if (outcome.kind === 'done') {
      channel.settle(ref.offset);
      member.inHand -= 1;
      this.#saves.touch(channel);
    } else {
      this.#failed(channel, ref.offset, claim, outcome.reason, outcome.dead);
    }
    return this.#saves.staged();
  }

  /** The filter of a member leaves these out: it would be told of each, only to say so. */
  passOver(channelId: string, logId: string, offsets: readonly number[]): void {
    const channel = this.#channels.get(channelId);
    if (channel?.logId !== logId) return;
    for (const offset of offsets) channel.passOver(offset);
    this.#saves.touch(channel);
  }

  /** What was deleted or cleared is nobody's work any more, unless somebody has it in hand. */
  erased(channelId: string, how: (channel: GroupChannel) => void): void {
    const channel = this.#channels.get(channelId);
    if (channel === undefined) return;
    how(channel);
    this.#saves.touch(channel);
  }

  extend(member: GroupMember, ref: Ref, ms: number): Promise<void> {
    member.isLate = false;
    const claim = this.#claimOf(this.#channels.get(ref.channelId), member, ref);
    if (claim === undefined) return Promise.reject(leaseLost());
    claim.until = this.#home.platform.elapsed() + ms;
    claim.isSpared = false;
    this.#schedule();
    return Promise.resolve();
  }

  slots(member: GroupMember, slots: number): void {
    member.slots = slots;
    member.isLate = false;
    this.#schedule();
  }

  /** Dead letters of this group come again, as if they were new. Resolves with how many. */
  async redrive(letters: readonly DeadRecord[]): Promise<number> {
    let count = 0;
    await this.#loaded();
    for (const letter of letters) {
      const channel = this.#channels.get(letter.channelId);
      // Given back twice, it must not be taken from whoever has it in hand.
      if (channel?.isSettled(letter.offset) !== true) continue;
      count += 1;
      channel.putBack(letter.offset, { attempts: 0, wait: 0, priority: letter.priority });
      this.#saves.put(deadName(letter), undefined);
      this.#saves.touch(channel);
    }
    await this.#saves.staged();
    return count;
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    for (const feed of this.#feeds.values()) feed.close();
  }

  /** What could not be read is read again when somebody else comes. */
  #loaded(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #load(): Promise<void> {
    const records = await this.#home.log.records(groupName(this.name, ''));
    for (const [name, record] of records) {
      const { channelId } = placeOf(name);
      this.#channels.set(channelId, new GroupChannel(channelId, record as GroupRecord, this.#home.platform));
    }
    for (const [, , { owner }] of this.#claims()) this.#home.watch(ownerClient(owner));
    this.#schedule();
  }

  /** What is appended from now on is after "now", even while it is looked up where that is. */
  #noteAppends(): readonly [ReadonlyMap<string, number>, () => void] {
    const early = new Map<string, number>();
    const forget = this.#home.log.follow((blocks) => {
      for (const block of blocks) {
        const { channelId } = block.header;
        if (!early.has(channelId)) early.set(channelId, firstOffset(block) - 1);
      }
    });
    return [early, forget];
  }

  /** Where a group begins that was not here before is on record before anything else is. */
  async #begin({ pattern, from }: JoinRequest, early: ReadonlyMap<string, number>): Promise<void> {
    const { log } = this.#home;
    const name = begunName(this.name, pattern);
    if ((await log.records(name)).has(name)) return;
    const matches = matcher(pattern);
    const channels = isPattern(pattern) ? (await log.channels()).filter((channelId) => matches(channelId)) : [pattern];
    for (const channelId of channels) {
      const { logId, first, head } = await log.head(channelId);
      const offset = from === 'now' ? (early.get(channelId) ?? head) : first - 1;
      // Another member may have begun with it meanwhile.
      if (!this.#channels.has(channelId)) this.#add(channelId, { logId, offset });
    }
    this.#saves.put(name, true);
    await this.#saves.staged();
  }

  #add(channelId: string, { logId, offset }: Position): GroupChannel {
    const record = { logId, position: offset, done: [], held: [], again: [] };
    const channel = new GroupChannel(channelId, record, this.#home.platform);
    this.#channels.set(channelId, channel);
    this.#saves.touch(channel);
    return channel;
  }

  /** The member and the record agree on what it has: what it never got it gets again, what it has lost it is told. */
  #resume(member: GroupMember, held: readonly Ref[]): void {
    const has = new Set<Claim>();
    for (const ref of held) {
      const claim = this.#claimOf(this.#channels.get(ref.channelId), member, ref);
      if (claim === undefined) member.sink.lost(ref);
      else has.add(claim);
    }
    for (const [channel, offset, claim] of this.#claims()) {
      if (claim.owner !== member.name) continue;
      member.inHand += 1;
      claim.until = this.#home.platform.elapsed() + claim.lease;
      if (!has.has(claim)) this.#hand(member, channel, offset, claim.attempt);
    }
  }

  #feed(pattern: string): void {
    if (this.#feeds.has(pattern)) return this.#schedule();
    const matches = matcher(pattern);
    const known = [...this.#channels.values()].filter(({ channelId }) => matches(channelId));
    const positions = (): Positions =>
      Object.fromEntries(known.map(({ channelId, logId, position }) => [channelId, { logId, offset: position }]));
    const sink: Sink = {
      started: nothing,
      live: nothing,
      ephemeral: nothing,
      positions,
      block: (block) => this.#read(block, reader),
      reset: (reset) => this.#reset(reset),
      lost: () => this.#lost(pattern),
    };
    const reader = this.#home.open({ pattern, from: positions(), ephemeral: false }, sink);
    this.#feeds.set(pattern, reader);
  }

  /** What could not be read is read again, as long as there is somebody to read it for. */
  #lost(pattern: string): void {
    this.#feeds.delete(pattern);
    this.#home.platform.timer(retryAfter, () => {
      if (!this.#closed && this.#members.wants(pattern)) this.#feed(pattern);
    });
  }

  #read(block: StoredBlock, reader: Reader): void {
    const { channelId, kind, priority = 'normal' } = block.header;
    const channel =
      this.#channels.get(channelId) ?? this.#add(channelId, { logId: block.logId, offset: firstOffset(block) - 1 });
    const taken = (): void => reader.credit(weightOf(block));
    channel.feed(block.logId, firstOffset(block), block.offset, priority, taken);
    // What was deleted or cleared is told to whoever keeps the order, and is no work for others.
    if (kind === 'control' && !this.#members.isOrdered) channel.passOver(block.offset);
    this.#schedule();
  }

  #reset({ channelId, now }: Reset): void {
    const channel = this.#channels.get(channelId);
    if (channel === undefined) return;
    // Another reader of this group may be ahead of this one: what it has handed out stays as it is.
    if (now.logId === channel.logId) return this.erased(channelId, () => channel.cleared(now.offset));
    for (const member of this.#members.all) {
      for (const [offset, { attempt, owner }] of channel.held) {
        if (owner !== member.name) continue;
        member.inHand -= 1;
        member.sink.lost({ channelId, logId: channel.logId, offset, attempt });
      }
    }
    channel.reset(now.logId, now.offset);
    this.#saves.touch(channel);
  }

  #giveBack(member: GroupMember): void {
    for (const [channel, offset, { owner, attempt, priority }] of this.#claims()) {
      if (owner !== member.name) continue;
      channel.putBack(offset, { attempts: attempt - 1, wait: 0, priority });
      this.#saves.touch(channel);
    }
  }

  *#claims(): Generator<readonly [GroupChannel, number, Claim]> {
    for (const channel of this.#channels.values()) {
      for (const [offset, claim] of channel.held) yield [channel, offset, claim];
    }
  }

  #claimOf(channel: GroupChannel | undefined, member: GroupMember, ref: Ref): Claim | undefined {
    const claim = channel?.held.get(ref.offset);
    if (claim?.owner !== member.name || claim.attempt !== ref.attempt) return undefined;
    return channel?.logId === ref.logId ? claim : undefined;
  }

  #failed(channel: GroupChannel, offset: number, claim: Claim, reason: string, dead: boolean): void {
    const { platform } = this.#home;
    const { attempt, owner, priority } = claim;
    const member = this.#members.named(owner);
    if (member !== undefined) member.inHand -= 1;
    const request = member?.request ?? this.#members.first?.request;
    if (request !== undefined && (dead || attempt >= request.maxAttempts)) {
      this.#bury(channel, { offset, attempt, priority }, reason);
    } else {
      // A member that died did not choose to fail: another one may have it at once.
      const wait = member === undefined || request === undefined ? 0 : backoffOf(request, attempt, platform);
      channel.putBack(offset, { attempts: attempt, wait, priority });
    }
    this.#saves.touch(channel);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#closed) return;
    this.#isScheduled = true;
    this.#home.platform.defer(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  /** Ends leases, hands out what can be handed out, and puts it all on record. */
  #pump(): void {
    if (this.#closed) return;
    // One time for all of it: what falls due between two looks would be seen by neither.
    const now = this.#home.platform.elapsed();
    this.#endLeases(now);
    for (const channel of this.#channels.values()) this.#handOut(channel, now);
    this.#wake(now);
    void this.#saves.save();
  }

  #endLeases(now: number): void {
    if (this.#joining > 0) return;
    // When the machine slept, so did the members, and they wake with the host: once each, they get their time again.
    const hasSlept = now - this.#wakesAt > lateness;
    for (const [channel, offset, claim] of this.#claims()) {
      if (claim.until > now) continue;
      if (hasSlept && claim.isSpared !== true) {
        claim.until = now + claim.lease;
        claim.isSpared = true;
        continue;
      }
      const member = this.#members.named(claim.owner);
      const ref = { channelId: channel.channelId, logId: channel.logId, offset, attempt: claim.attempt };
      this.#failed(channel, offset, claim, 'Its lease ended.', false);
      if (member === undefined) continue;
      member.isLate = true;
      this.#saves.stage(() => member.sink.lost(ref));
    }
  }

  #handOut(channel: GroupChannel, now: number): void {
    for (;;) {
      const turn = this.#members.isOrdered ? channel.nextInOrder(now) : channel.next(now);
      const member = turn && this.#members.next(channel.channelId);
      if (turn === undefined || member === undefined) return;
      channel.claim(turn, member.name, member.request.lease);
      if (turn.attempt > member.request.maxAttempts) {
        const attempt = turn.attempt - 1;
        this.#bury(channel, { ...turn, attempt }, `It was given out ${attempt} times and never finished.`);
      } else {
        member.inHand += 1;
        this.#hand(member, channel, turn.offset, turn.attempt);
      }
      this.#saves.touch(channel);
    }
  }

  #bury(channel: GroupChannel, { offset, attempt, priority }: Turn, reason: string): void {
    const { channelId } = channel;
    const letter: DeadRecord = { group: this.name, channelId, offset, reason, priority, attempts: attempt };
    channel.settle(offset);
    this.#saves.put(deadName(letter), letter);
    this.#saves.stage(() => this.#home.died(letter));
  }

  /** Unless it was given back before it was on record. */
  #hand(member: GroupMember, channel: GroupChannel, offset: number, attempt: number): void {
    const { channelId, logId } = channel;
    const ref = { channelId, logId, offset, attempt };
    this.#saves.stage(() => {
      const claim = this.#claimOf(channel, member, ref);
      if (claim === undefined) return;
      claim.until = this.#home.platform.elapsed() + claim.lease;
      member.sink.hand(ref);
    });
  }

  /** Looks again when the next lease ends, or the next message is due. */
  #wake(now: number): void {
    this.#cancelTimer?.();
    const { platform } = this.#home;
    let next = Infinity;
    for (const { held, again } of this.#channels.values()) {
      if (this.#joining === 0) for (const { until } of held.values()) next = Math.min(next, until);
      if (this.#members.first !== undefined)
        for (const { due } of again.values()) if (due > now) next = Math.min(next, due);
    }
    this.#wakesAt = next;
    // Not less than a millisecond: some clocks tick in steps, and a timer may be early by one of them.
    this.#cancelTimer = next === Infinity ? undefined : platform.timer(Math.ceil(next - now), () => this.#schedule());
  }
}
