// One group, as far as its members are in this process. What is handed out, to whom and for how long, is decided where the
// journals are folded; here it is known who has room, and members are told.

import { isPattern, matcher } from '../../core/channel.ts';
import { busError, describe, isBusError } from '../../core/errors.ts';
import type { GroupHome } from '../../core/group-keeper.ts';
import { begunName } from '../../core/group-names.ts';
import type { JoinRequest, Outcome, Ref } from '../../core/host.ts';
import { deferred } from '../deferred.ts';
import type { Deferred } from '../deferred.ts';
import { inTurn, keyOf, leaseLost, lookEvery, processOf } from '../group-members.ts';
import { attemptOf, termsOf } from './group-part.ts';
import type { GroupPart, Member } from './group-part.ts';
import type { Attempt, GroupChange, GroupResult } from './group-proposal.ts';
import { onceThereIsRoom } from './room.ts';
import { Roster } from './roster.ts';

interface Settling extends Attempt {
  readonly told: Deferred<void>;
}

interface Work {
  readonly channelId: string;
  isPumping: boolean;
  isDirty: boolean;
  done: Settling[];
  cancelTimer: (() => void) | undefined;
}

export class FileGroup {
  readonly name: string;
  readonly members: Member[] = [];
  readonly #part: GroupPart;
  readonly #home: GroupHome;
  readonly #roster: Roster;
  readonly #work = new Map<string, Work>();
  #turn = 0;
  #unfollow: (() => void) | undefined;
  #cancelLook: (() => void) | undefined;
  #isClosed = false;

  constructor(name: string, part: GroupPart, home: GroupHome) {
    this.name = name;
    this.#part = part;
    this.#home = home;
    this.#roster = new Roster(name, part, home.log);
  }

  /** Waits for room where a disk is full, until the member leaves. */
  async join(member: Member): Promise<void> {
    const isOver = (): boolean => this.#isClosed || member.hasLeft;
    try {
      await this.#join(member, isOver);
    } catch (error) {
      if (!isOver()) throw error;
    }
  }

  /** With `giveBack` it has nothing at work: what was on its way to it may go to others at once. */
  leave(member: Member, giveBack: boolean): void {
    if (member.hasLeft) return;
    member.hasLeft = true;
    const at = this.members.indexOf(member);
    if (at >= 0) this.members.splice(at, 1);
    this.#unregister(member);
    if (giveBack) for (const ref of member.inHand.values()) this.#putBack(member, ref);
    if (this.members.length > 0) return;
    this.#unfollow?.();
    this.#unfollow = undefined;
    this.#cancelLook?.();
  }

  /** The client died: what its members had in hand comes to others. */
  gone(clientId: string): void {
    for (const member of this.members.filter((one) => one.clientId === clientId)) this.leave(member, false);
    void this.#gone(`${this.#part.storeId}/${clientId}/`).catch(() => undefined);
  }

  async settle(member: Member, ref: Ref, outcome: Outcome): Promise<void> {
    const work = this.#workOn(ref.channelId);
    const attempt = attemptOf(member, ref);
    if (outcome.kind === 'done') {
      const told = deferred<void>();
      // What ends in one turn is told together, and with what is asked for next.
      if (work.done.length === 0) queueMicrotask(() => this.#settleAll(work));
      work.done.push(Object.assign(attempt, { told }));
      member.inHand.delete(keyOf(ref));
      return told.promise;
    }
    const { reason, dead } = outcome;
    const change = { how: 'failed', all: [attempt], reason, dead, ...termsOf(member.request) } as const;
    const result = await this.#propose(work, change);
    member.inHand.delete(keyOf(ref));
    this.#pump(work);
    if (result?.accepted[0] !== true) throw leaseLost();
    return undefined;
  }

  async extend(member: Member, ref: Ref, ms: number): Promise<void> {
    const work = this.#workOn(ref.channelId);
    const result = await this.#propose(work, { how: 'extend', all: [attemptOf(member, ref)], ms });
    if (result?.accepted[0] !== true) throw leaseLost();
    this.#pump(work);
  }

  passOver(_member: Member, channelId: string, _logId: string, offsets: readonly number[]): void {
    const group = this.#part.fold(channelId, this.name)?.group;
    const open = offsets.filter((offset) => group?.channel.isSettled(offset) !== true);
    if (open.length > 0)
      void this.#propose(this.#workOn(channelId), { how: 'pass', offsets: open }).catch(() => undefined);
  }

  slots(member: Member, slots: number): void {
    member.slots = slots;
    for (const work of this.#work.values()) if (member.matches(work.channelId)) this.#pump(work);
  }

  /** There may be something to hand out. */
  wake(channelId: string): void {
    if (this.members.some(({ matches }) => matches(channelId))) this.#pump(this.#workOn(channelId));
  }

  /** Something became of what this or another process proposed. */
  changed(channelId: string, { lost }: GroupResult): void {
    for (const { owner, offset, attempt } of lost) this.#lost(owner, channelId, offset, attempt);
    this.wake(channelId);
  }

  /** It is not known what became of what others proposed: who has what is looked at anew. */
  missed(channelId: string): void {
    const group = this.#part.fold(channelId, this.name)?.group;
    for (const { owner, inHand } of this.members)
      for (const { channelId: on, offset, attempt } of inHand.values())
        if (on === channelId && group?.isHeld({ owner, offset, attempt }) !== true)
          this.#lost(owner, channelId, offset, attempt);
    this.wake(channelId);
  }

  async register(member: Member): Promise<void> {
    const isOver = (): boolean => this.#isClosed || member.hasLeft;
    await onceThereIsRoom(() => this.#roster.add(member), isOver);
  }

  close(): void {
    this.#isClosed = true;
    for (const member of this.members.slice()) this.leave(member, false);
    for (const { cancelTimer } of this.#work.values()) cancelTimer?.();
  }

  async #join(member: Member, isOver: () => boolean): Promise<void> {
    const early = new Map<string, number>();
    const forget = this.#home.log.follow((blocks) => {
      for (const { header, offset } of blocks)
        if (!early.has(header.channelId)) early.set(header.channelId, offset - header.count);
    });
    try {
      await onceThereIsRoom(() => this.#begin(member.request, early), isOver);
    } finally {
      forget();
    }
    await this.register(member);
    if (isOver()) return this.#unregister(member);
    this.members.push(member);
    this.#unfollow ??= this.#home.log.follow((blocks) => {
      for (const channelId of new Set(blocks.map(({ header }) => header.channelId))) this.wake(channelId);
    });
    member.sink.joined();
    this.#look();
    const channels = await onceThereIsRoom(() => this.#channels(member.request.pattern), isOver);
    for (const channelId of channels) this.#pump(this.#workOn(channelId));
  }

  /** Where a group begins that was not here before is on record before anything else is. */
  async #begin({ pattern, from }: JoinRequest, early: ReadonlyMap<string, number>): Promise<void> {
    const name = begunName(this.name, pattern);
    if ((await this.#part.beside(name)).has(name)) return;
    for (const channelId of await this.#channels(pattern)) {
      const { first, head } = await this.#home.log.head(channelId);
      const after = from === 'now' ? (early.get(channelId) ?? head) : first - 1;
      await this.#propose(this.#workOn(channelId), { how: 'begin', after });
    }
    await this.#home.log.save([[name, true]]);
  }

  async #channels(pattern: string): Promise<readonly string[]> {
    // What others have made is known after this.
    const all = await this.#home.log.channels();
    return isPattern(pattern) ? all.filter(matcher(pattern)) : [pattern];
  }

  #workOn(channelId: string): Work {
    let work = this.#work.get(channelId);
    if (work === undefined) {
      work = { channelId, isPumping: false, isDirty: false, done: [], cancelTimer: undefined };
      this.#work.set(channelId, work);
    }
    return work;
  }

  async #propose({ channelId }: Work, change: GroupChange): Promise<GroupResult | undefined> {
    const result = await this.#part.propose(channelId, this.name, change);
    for (const letter of result?.buried ?? []) this.#home.died(letter);
    return result;
  }

  #pump(work: Work): void {
    work.isDirty = true;
    if (work.isPumping || this.#isClosed) return;
    work.isPumping = true;
    this.#pumping(work)
      .catch((error: unknown) => {
        const what = `Group "${this.name}" cannot hand out: ${describe(error)}`;
        const isOver = this.#isClosed || (isBusError(error) && error.code === 'CLOSED');
        if (!isOver) this.#home.failed(busError('HOST_LOST', what, { cause: error, retryable: true }));
      })
      .finally(() => {
        work.isPumping = false;
        if (work.isDirty && this.members.length > 0) this.#pump(work);
      });
  }

  async #pumping(work: Work): Promise<void> {
    while (work.isDirty && !this.#isClosed) {
      work.isDirty = false;
      const { channelId } = work;
      const fold = this.#part.fold(channelId, this.name);
      if (fold === undefined) return;
      const owners = await this.#owners(channelId);
      const request = owners[0]?.request ?? this.members[0]?.request;
      if (request === undefined) return;
      const { lease, ordered } = request;
      const now = this.#part.now();
      const { head, group } = fold;
      const hasWork = group?.hasWork(now, head, owners.length > 0, ordered) ?? (head > 0 && owners.length > 0);
      if (hasWork) {
        const names = owners.map(({ owner }) => owner);
        const change = { how: 'claim', owners: names, head, lease, ordered, ...termsOf(request) } as const;
        this.#handOut(channelId, owners, await this.#propose(work, change));
      }
      this.#wakeIn(work);
    }
  }

  #handOut(channelId: string, owners: readonly Member[], result: GroupResult | undefined): void {
    const fold = this.#part.fold(channelId, this.name);
    for (const { owner, offset, attempt } of result?.given ?? []) {
      const member = owners.find((one) => one.owner === owner) as Member;
      // Lost as soon as it was given: this process slept.
      if (fold?.group?.isHeld({ owner, offset, attempt }) !== true) continue;
      const ref = { channelId, logId: fold.group.channel.logId, offset, attempt };
      if (member.hasLeft) {
        this.#putBack(member, ref);
        continue;
      }
      member.inHand.set(keyOf(ref), ref);
      member.sink.hand(ref);
    }
  }

  /** A member for each message that can be taken, in turn; in order, the one that is there longest. */
  async #owners(channelId: string): Promise<readonly Member[]> {
    const wanted = this.members.filter(({ matches }) => matches(channelId));
    if (wanted[0]?.request.ordered === true) {
      const first = await this.#roster.first(channelId);
      return wanted.filter((member) => member.owner === first && member.slots > member.inHand.size).slice(0, 1);
    }
    const owners = inTurn(wanted, this.#turn);
    this.#turn += 1;
    return owners;
  }

  #lost(owner: string, channelId: string, offset: number, attempt: number): void {
    const member = this.members.find((one) => one.owner === owner);
    const key = keyOf({ channelId, offset });
    const ref = member?.inHand.get(key);
    if (member === undefined || ref?.attempt !== attempt) return;
    member.inHand.delete(key);
    member.sink.lost(ref);
  }

  #putBack(member: Member, ref: Ref): void {
    member.inHand.delete(keyOf(ref));
    const change = { how: 'back', all: [attemptOf(member, ref)] } as const;
    this.#propose(this.#workOn(ref.channelId), change).catch(() => undefined);
  }

  #settleAll(work: Work): void {
    const all = work.done;
    work.done = [];
    const attempts = all.map(({ offset, attempt, owner }) => ({ offset, attempt, owner }));
    this.#propose(work, { how: 'done', all: attempts }).then(
      (result) => {
        all.forEach(({ told }, at) => {
          if (result?.accepted[at] === true) told.resolve();
          else told.reject(leaseLost());
        });
      },
      (error: unknown) => {
        for (const { told } of all) told.reject(error);
      },
    );
    this.#pump(work);
  }

  #wakeIn(work: Work): void {
    work.cancelTimer?.();
    work.cancelTimer = undefined;
    if (this.members.length === 0 || this.#isClosed) return;
    const now = this.#part.now();
    const next = this.#part.fold(work.channelId, this.name)?.group?.nextMoment(now) ?? Infinity;
    if (next === Infinity) return;
    // Not less than a millisecond: a timer may be early by one.
    work.cancelTimer = this.#home.platform.timer(Math.max(1, Math.ceil(next - now)), () => this.#pump(work));
  }

  async #gone(prefix: string): Promise<void> {
    const { maxAttempts = Infinity } = this.members[0]?.request ?? {};
    for (const work of this.#work.values()) {
      const held = this.#part.fold(work.channelId, this.name)?.group?.channel.held.values() ?? [];
      if (![...held].some(({ owner }) => owner.startsWith(prefix))) continue;
      await this.#propose(work, { how: 'gone', prefix, maxAttempts: Math.min(maxAttempts, Number.MAX_SAFE_INTEGER) });
    }
  }

  #unregister({ owner }: Member): void {
    // Others would wait for it.
    onceThereIsRoom(
      () => this.#roster.remove([owner]),
      () => this.#isClosed,
    ).catch(() => undefined);
  }

  /** Members in processes that died have no one to say so. */
  #look(): void {
    this.#cancelLook?.();
    this.#cancelLook = this.#home.platform.timer(lookEvery, () => {
      this.#lookNow()
        .catch(() => undefined)
        .finally(() => {
          if (this.members.length > 0 && !this.#isClosed) this.#look();
        });
    });
  }

  async #lookNow(): Promise<void> {
    const everybody = await this.#roster.all();
    const owners = new Set(everybody.map(({ owner }) => processOf(owner)));
    for (const { channelId } of this.#work.values())
      for (const { owner } of this.#part.fold(channelId, this.name)?.group?.channel.held.values() ?? [])
        owners.add(processOf(owner));
    owners.delete(this.#part.storeId);
    for (const storeId of await this.#part.dead([...owners])) {
      await this.#gone(`${storeId}/`);
      const names = everybody.filter(({ owner }) => processOf(owner) === storeId).map(({ owner }) => owner);
      await this.#roster.remove(names);
    }
    for (const work of this.#work.values()) this.#pump(work);
  }
}
