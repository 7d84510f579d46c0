// One group, as far as its members are in this process. What is handed out, to whom and for how long, is decided in Redis;
// here it is known who has room, and members are told.

import { matcher, isPattern } from '../../core/channel.ts';
import { busError, describe } from '../../core/errors.ts';
import type { GroupHome } from '../../core/group-keeper.ts';
import type { DeadRecord } from '../../core/host-admin.ts';
import type { JoinRequest, Outcome, Ref } from '../../core/host.ts';
import { deferred } from '../deferred.ts';
import type { Deferred } from '../deferred.ts';
import { inTurn, keyOf, leaseLost, lookEvery, mostAtOnce, processOf } from '../group-members.ts';
import type { GroupMember } from '../group-members.ts';
import { claimScript, extendScript, goneScript, passScript, settleScript } from './group-scripts.ts';
import type { GroupPart } from './group-part.ts';
import { GroupRoster } from './group-roster.ts';
import { begunKey, groupKeysOf } from './keys.ts';
import { beginScript } from './group-scripts.ts';
import type { Script } from './scripts.ts';

export type Member = GroupMember<{ readonly ref: Ref; until: number }>;

interface Settling {
  readonly ref: Ref;
  readonly member: Member;
  readonly told: Deferred<void>;
}

interface Work {
  readonly channelId: string;
  readonly keys: readonly string[];
  isPumping: boolean;
  isDirty: boolean;
  isStale: boolean;
  readonly done: Settling[];
  isSettling: boolean;
  cancelTimer: (() => void) | undefined;
}

type Buried = readonly (readonly [
  offset: string,
  attempts: string,
  priority: DeadRecord['priority'],
  reason: string,
])[];

export class RedisGroup {
  readonly name: string;
  readonly members: Member[] = [];
  readonly #part: GroupPart;
  readonly #roster: GroupRoster;
  readonly #home: GroupHome;
  readonly #work = new Map<string, Work>();
  #turn = 0;
  #claims = 0;
  #unfollow: (() => void) | undefined;
  #cancelLook: (() => void) | undefined;
  #closed = false;

  constructor(name: string, part: GroupPart, home: GroupHome) {
    this.name = name;
    this.#part = part;
    this.#roster = new GroupRoster(name, part);
    this.#home = home;
  }

  async join(member: Member): Promise<void> {
    const early = new Map<string, number>();
    const forget = this.#home.log.follow((blocks) => {
      for (const { header, offset } of blocks)
        if (!early.has(header.channelId)) early.set(header.channelId, offset - header.count);
    });
    try {
      await this.#begin(member.request, early);
    } finally {
      forget();
    }
    const { pattern, since } = member.request;
    await this.#roster.add(member.owner, { pattern, since });
    if (this.#closed || member.hasLeft) return this.#roster.remove(member.owner);
    this.members.push(member);
    this.#unfollow ??= this.#home.log.follow((blocks) => {
      for (const channelId of new Set(blocks.map(({ header }) => header.channelId))) this.wake(channelId);
    });
    member.sink.joined();
    for (const channelId of await this.#channels(pattern)) this.#pump(this.#workOn(channelId));
    this.#look();
  }

  /** With `giveBack` it has nothing at work: what was on its way to it may go to others at once. */
  leave(member: Member, giveBack: boolean): void {
    if (member.hasLeft) return;
    member.hasLeft = true;
    const at = this.members.indexOf(member);
    if (at >= 0) this.members.splice(at, 1);
    this.#roster.remove(member.owner);
    if (giveBack) for (const { ref } of member.inHand.values()) void this.#putBack(member, ref);
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
    if (outcome.kind === 'done') {
      const told = deferred<void>();
      work.done.push({ ref, member, told });
      if (!work.isSettling) {
        work.isSettling = true;
        queueMicrotask(() => void this.#settleAll(work));
      }
      return told.promise;
    }
    const how = outcome.dead ? 'dead' : 'failed';
    const args = [how, outcome.reason, String(ref.offset), String(ref.attempt), member.owner];
    const [answers, buried] = (await this.#run(work, settleScript, member.request, args)) as [number[], Buried];
    member.inHand.delete(keyOf(ref));
    this.#bury(ref.channelId, buried);
    this.#pump(work);
    if (answers[0] !== 1) throw leaseLost();
    return undefined;
  }

  async extend(member: Member, ref: Ref, ms: number): Promise<void> {
    const work = this.#workOn(ref.channelId);
    const args = [String(ref.offset), String(ref.attempt), member.owner, String(ms)];
    if (Number(await this.#run(work, extendScript, member.request, args)) !== 1) throw leaseLost();
    const claim = member.inHand.get(keyOf(ref));
    if (claim !== undefined) claim.until = this.#part.now() + ms;
    this.#pump(work);
  }

  passOver(member: Member, channelId: string, logId: string, offsets: readonly number[]): void {
    if (offsets.length === 0) return;
    const args = [logId, ...offsets.map(String)];
    void this.#run(this.#workOn(channelId), passScript, member.request, args).catch(() => undefined);
  }

  slots(member: Member, slots: number): void {
    member.slots = slots;
    for (const work of this.#work.values()) if (member.matches(work.channelId)) this.#pump(work);
  }

  /**
   * Redis was away, and may have come back as an older copy: what it takes for in hand here, and is not, goes out again now and
   * not when its lease ends.
   */
  async resume(): Promise<void> {
    for (const { owner, request } of this.members) await this.#roster.add(owner, request);
    for (const work of this.#work.values()) {
      work.isStale = true;
      this.#pump(work);
    }
  }

  /** There may be something to hand out. */
  wake(channelId: string): void {
    if (this.members.some(({ matches }) => matches(channelId))) this.#pump(this.#workOn(channelId));
  }

  close(): void {
    this.#closed = true;
    for (const member of this.members.slice()) this.leave(member, false);
    for (const { cancelTimer } of this.#work.values()) cancelTimer?.();
  }

  /** Where a group begins that was not here before is on record before anything else is. */
  async #begin({ pattern, from }: JoinRequest, early: ReadonlyMap<string, number>): Promise<void> {
    const field = `${this.name}\0${pattern}`;
    if ((await this.#part.command(['HGET', begunKey, field])) !== null) return;
    for (const channelId of await this.#channels(pattern)) {
      const { first, head } = await this.#home.log.head(channelId);
      const offset = from === 'now' ? (early.get(channelId) ?? head) : first - 1;
      const args = (): string[] => [...this.#before(), String(offset)];
      await this.#part.run(beginScript, groupKeysOf(channelId, this.name), args);
    }
    await this.#part.command(['HSET', begunKey, field, '1']);
  }

  async #channels(pattern: string): Promise<readonly string[]> {
    return isPattern(pattern) ? (await this.#home.log.channels()).filter(matcher(pattern)) : [pattern];
  }

  #workOn(channelId: string): Work {
    let work = this.#work.get(channelId);
    if (work === undefined) {
      const keys = groupKeysOf(channelId, this.name);
      work = {
        channelId,
        keys,
        isPumping: false,
        isDirty: false,
        isStale: false,
        done: [],
        isSettling: false,
        cancelTimer: undefined,
      };
      this.#work.set(channelId, work);
    }
    return work;
  }

  #before(request?: JoinRequest): readonly string[] {
    const { ordered = false, maxAttempts = 1, backoff } = request ?? {};
    const chance = backoff?.jitter === true ? 0.5 + Math.random() / 2 : 1;
    const { initial = 0, max = 0, factor = 1 } = backoff ?? {};
    const times = [initial, Math.min(max, Number.MAX_SAFE_INTEGER), factor, chance];
    return [String(this.#part.now()), ordered ? '1' : '0', String(maxAttempts), ...times.map(String), this.name];
  }

  #run(work: Work, script: Script, request: JoinRequest | undefined, args: readonly string[]): Promise<unknown> {
    return this.#part.run(script, work.keys, () => [...this.#before(request), ...args]);
  }

  #pump(work: Work): void {
    work.isDirty = true;
    if (work.isPumping || this.#closed) return;
    work.isPumping = true;
    this.#pumping(work)
      .catch((error: unknown) => {
        const what = `Group "${this.name}" cannot hand out: ${describe(error)}`;
        if (!this.#closed) this.#home.failed(busError('HOST_LOST', what, { cause: error, retryable: true }));
      })
      .finally(() => (work.isPumping = false));
  }

  async #pumping(work: Work): Promise<void> {
    while (work.isDirty && !this.#closed) {
      work.isDirty = false;
      if (work.isStale) await this.#giveBack(work);
      const owners = await this.#owners(work.channelId);
      const request = owners[0]?.request ?? this.members[0]?.request;
      if (request === undefined) return;
      const claim = [this.#part.storeId, String((this.#claims += 1))];
      const args = [String(request.lease), ...claim, ...owners.map(({ owner }) => owner)];
      const [logId, given, lost, buried, next] = (await this.#run(work, claimScript, request, args)) as [
        string,
        readonly (readonly [string, string, number])[],
        readonly (readonly [string, string])[],
        Buried,
        string,
      ];
      for (const [offset, attempt, at] of given) {
        const ref = { channelId: work.channelId, logId, offset: Number(offset), attempt: Number(attempt) };
        this.#hand(owners[at - 1] as Member, ref);
      }
      for (const [offset, owner] of lost) this.#lost(owner, work.channelId, Number(offset));
      this.#bury(work.channelId, buried);
      if (given.length > 0 && given.length === owners.length) work.isDirty = true;
      if (given.length === 0) await this.#verify(work);
      this.#wakeIn(work, Number(next));
    }
  }

  /** In turn with claims: what one of them has been given, and not heard of yet, is not given back. */
  async #giveBack(work: Work): Promise<void> {
    work.isStale = false;
    const held = (await this.#part.command(['HGETALL', work.keys[5] as string])) as Record<string, string>;
    for (const [offset, claim] of Object.entries(held)) {
      const [, attempt, owner] = /^(\d+) \d+ (.*)$/.exec(claim) as unknown as [string, string, string];
      if (processOf(owner) !== this.#part.storeId) continue;
      const member = this.members.find((one) => one.owner === owner);
      if (member?.inHand.has(keyOf({ channelId: work.channelId, offset: Number(offset) })) === true) continue;
      await this.#run(work, settleScript, member?.request, ['back', '', offset, attempt, owner]);
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

  #hand(member: Member, ref: Ref): void {
    if (member.hasLeft) return void this.#putBack(member, ref);
    member.inHand.set(keyOf(ref), { ref, until: this.#part.now() + member.request.lease });
    member.sink.hand(ref);
  }

  #lost(owner: string, channelId: string, offset: number): void {
    const member = this.members.find((one) => one.owner === owner);
    const key = keyOf({ channelId, offset });
    const claim = member?.inHand.get(key);
    if (member === undefined || claim === undefined) return;
    member.inHand.delete(key);
    member.sink.lost(claim.ref);
  }

  /** Another process may have ended the lease of what is in hand here. */
  async #verify(work: Work): Promise<void> {
    const now = this.#part.now();
    const late = this.members.flatMap((member) =>
      [...member.inHand.values()]
        .filter(({ ref, until }) => ref.channelId === work.channelId && until <= now)
        .map(({ ref }) => ({ member, ref })),
    );
    if (late.length === 0) return;
    const held = work.keys[5] as string;
    const claims = await this.#part.command(['HMGET', held, ...late.map(({ ref }) => String(ref.offset))]);
    late.forEach(({ member, ref }, at) => {
      const claim = (claims as (string | null)[])[at];
      const isMine = claim?.startsWith(`${ref.attempt} `) === true && claim.endsWith(` ${member.owner}`);
      if (!isMine) this.#lost(member.owner, ref.channelId, ref.offset);
    });
  }

  async #putBack(member: Member, ref: Ref): Promise<void> {
    const args = ['back', '', String(ref.offset), String(ref.attempt), member.owner];
    await this.#run(this.#workOn(ref.channelId), settleScript, member.request, args).catch(() => undefined);
    member.inHand.delete(keyOf(ref));
    this.#part.ring(ref.channelId);
    this.wake(ref.channelId);
  }

  /** What ends while others are on their way is told together. */
  async #settleAll(work: Work): Promise<void> {
    while (work.done.length > 0) {
      const batch = work.done.splice(0, mostAtOnce);
      const places = batch.flatMap(({ ref, member }) => [String(ref.offset), String(ref.attempt), member.owner]);
      try {
        const [answers] = (await this.#run(work, settleScript, undefined, ['done', '', ...places])) as [number[]];
        batch.forEach(({ ref, member, told }, at) => {
          member.inHand.delete(keyOf(ref));
          if (answers[at] === 1) told.resolve();
          else told.reject(leaseLost());
        });
      } catch (error) {
        for (const { told } of batch) told.reject(error);
      }
      this.#pump(work);
    }
    work.isSettling = false;
  }

  #bury(channelId: string, buried: Buried): void {
    for (const [offset, attempts, priority, reason] of buried)
      this.#home.died({
        group: this.name,
        channelId,
        offset: Number(offset),
        attempts: Number(attempts),
        priority,
        reason,
      });
  }

  #wakeIn(work: Work, ms: number): void {
    work.cancelTimer?.();
    work.cancelTimer = undefined;
    if (ms < 0 || this.members.length === 0 || this.#closed) return;
    work.cancelTimer = this.#home.platform.timer(Math.max(1, ms), () => this.#pump(work));
  }

  async #gone(prefix: string): Promise<void> {
    const { request } = this.members[0] ?? {};
    for (const work of this.#work.values()) {
      this.#bury(work.channelId, (await this.#run(work, goneScript, request, [prefix])) as Buried);
      this.#part.ring(work.channelId);
      this.#pump(work);
    }
  }

  /** Members in processes that died have no one to say so. */
  #look(): void {
    this.#cancelLook?.();
    this.#cancelLook = this.#home.platform.timer(lookEvery, () => {
      this.#lookNow()
        .catch(() => undefined)
        .finally(() => {
          if (this.members.length > 0 && !this.#closed) this.#look();
        });
    });
  }

  async #lookNow(): Promise<void> {
    const all = await this.#roster.everybody();
    // Somebody may have taken this process for dead.
    for (const { owner, request } of this.members)
      if (!all.some((one) => one.owner === owner)) await this.#roster.add(owner, request);
    const others = all.filter(({ owner }) => processOf(owner) !== this.#part.storeId);
    const owners = new Set(others.map(({ owner }) => processOf(owner)));
    for (const work of this.#work.values()) {
      const claims = (await this.#part.command(['HVALS', work.keys[5] as string])) as string[];
      for (const claim of claims) owners.add(processOf(claim.slice(claim.indexOf(' ', claim.indexOf(' ') + 1) + 1)));
    }
    owners.delete(this.#part.storeId);
    for (const storeId of await this.#part.dead([...owners])) {
      await this.#gone(`${storeId}/`);
      for (const { owner } of others) if (processOf(owner) === storeId) this.#roster.remove(owner);
    }
    for (const work of this.#work.values()) this.#pump(work);
  }
}
