// All groups of a log in Redis, as far as this process takes part; and what operators ask about them.

import { matcher } from '../../core/channel.ts';
import type { GroupHome, GroupKeeper, HostMembership } from '../../core/group-keeper.ts';
import type { DeadRecord } from '../../core/host-admin.ts';
import type { JoinRequest, MemberSink, Ref } from '../../core/host.ts';
import type { GroupInfo } from '../../core/message-bus.ts';
import { memberOf, membershipOf } from '../group-members.ts';
import { deadScript, erasedScript, statusScript } from './group-scripts.ts';
import { begunKey, groupKeysOf, keysOf, membersKey } from './keys.ts';
import { RedisGroup } from './redis-group.ts';
import type { GroupPart } from './group-part.ts';
import type { Member } from './redis-group.ts';
import type { Script } from './scripts.ts';

export class RedisGroups implements GroupKeeper {
  readonly #part: GroupPart;
  readonly #home: GroupHome;
  readonly #groups = new Map<string, RedisGroup>();

  constructor(part: GroupPart, home: GroupHome) {
    this.#part = part;
    this.#home = home;
  }

  /** Somebody rang for the groups of a channel. */
  rang(channelId: string): void {
    for (const group of this.#groups.values()) group.wake(channelId);
  }

  join(clientId: string, name: string, request: JoinRequest, sink: MemberSink, _held: readonly Ref[]): HostMembership {
    const member: Member = memberOf(clientId, `${this.#part.storeId}/${name}`, request, sink);
    return membershipOf(this.#group(request.group), member, this.#home);
  }

  /** Redis was away. */
  resume(): void {
    for (const group of this.#groups.values()) group.resume().catch(() => undefined);
  }

  gone(clientId: string): void {
    for (const group of this.#groups.values()) group.gone(clientId);
  }

  async erased(channelId: string, offset: number): Promise<void> {
    await this.#each(channelId, erasedScript, [String(offset)]);
  }

  async cleared(channelId: string, upTo: number): Promise<void> {
    await this.#each(channelId, erasedScript, ['0', String(upTo)]);
  }

  async list(channelId?: string): Promise<readonly GroupInfo[]> {
    const channels = channelId === undefined ? await this.#home.log.channels() : [channelId];
    const members = Object.entries((await this.#part.command(['HGETALL', membersKey])) as Record<string, string>);
    const all = channels.map(async (on) => {
      const names = await this.#at(on);
      return Promise.all(
        names.map(async (group) => {
          const [pending, lag] = (await this.#run(on, group, statusScript, [])) as [string, string];
          const count = members.filter(([field, text]) => {
            const { pattern } = JSON.parse(text) as { pattern: string };
            return field.startsWith(`${group}\0`) && matcher(pattern)(on);
          }).length;
          return { group, channelId: on, members: count, pending: Number(pending), lag: Number(lag) };
        }),
      );
    });
    return (await Promise.all(all)).flat();
  }

  async deadLetters(group?: string): Promise<readonly DeadRecord[]> {
    const letters: DeadRecord[] = [];
    for (const channelId of await this.#home.log.channels()) {
      for (const name of await this.#at(channelId)) {
        if (group !== undefined && name !== group) continue;
        const dead = groupKeysOf(channelId, name)[6] as string;
        const all = (await this.#part.command(['HGETALL', dead])) as Record<string, string>;
        for (const [offset, text] of Object.entries(all)) {
          const more = JSON.parse(text) as Pick<DeadRecord, 'reason' | 'attempts' | 'priority'>;
          letters.push({ group: name, channelId, offset: Number(offset), ...more });
        }
      }
    }
    return letters;
  }

  redrive(letters: readonly DeadRecord[]): Promise<number> {
    return this.#settleDead(letters, '1');
  }

  discard(letters: readonly DeadRecord[]): Promise<number> {
    return this.#settleDead(letters, '0');
  }

  async floor(channelId: string): Promise<number> {
    const known = await this.#at(channelId);
    const begun = Object.keys((await this.#part.command(['HGETALL', begunKey])) as object).map((f) => f.split('\0'));
    // A group that was there before this channel was reads it from its start.
    const isAwaited = ([group = '', pattern = '']: readonly string[]): boolean =>
      !known.includes(group) && matcher(pattern)(channelId);
    if (begun.some(isAwaited)) return 0;
    const floors = known.map(async (group) =>
      Number(((await this.#run(channelId, group, statusScript, [])) as string[])[2]),
    );
    return Math.min(Infinity, ...(await Promise.all(floors)));
  }

  close(): void {
    for (const group of this.#groups.values()) group.close();
  }

  async #settleDead(letters: readonly DeadRecord[], back: '0' | '1'): Promise<number> {
    let count = 0;
    for (const { group, channelId, offset } of letters) {
      count += Number(await this.#run(channelId, group, deadScript, [back, String(offset)]));
      this.#part.ring(channelId);
      this.#groups.get(group)?.wake(channelId);
    }
    return count;
  }

  async #each(channelId: string, script: Script, args: readonly string[]): Promise<void> {
    for (const group of await this.#at(channelId)) await this.#run(channelId, group, script, args);
  }

  async #at(channelId: string): Promise<readonly string[]> {
    const names = await this.#part.command(['SMEMBERS', keysOf(channelId).groups]);
    return [...(names as Iterable<string>)];
  }

  #run(channelId: string, group: string, script: Script, args: readonly string[]): Promise<unknown> {
    const given = (): string[] => [String(this.#part.now()), '0', '1', '0', '0', '1', '1', group, ...args];
    return this.#part.run(script, groupKeysOf(channelId, group), given);
  }

  #group(name: string): RedisGroup {
    let group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, (group = new RedisGroup(name, this.#part, this.#home)));
    return group;
  }
}
