// Who hands out the work of all groups of a log. A log that one host has to itself leaves it to that host; one that several
// processes share does it itself, because what one of them hands out the others must not.

import type { BusError } from './errors.ts';
import type { DeadRecord } from './host-admin.ts';
import type { JoinRequest, MemberSink, Membership, ReadRequest, Reader, Ref, Sink } from './host.ts';
import type { Log } from './log.ts';
import type { GroupInfo } from './message-bus.ts';
import { randomName } from './platform.ts';
import type { Platform } from './platform.ts';

export interface GroupHome {
  readonly log: Log;
  readonly platform: Platform;
  open(request: ReadRequest, sink: Sink): Reader;
  /** Asks to be told, by `gone`, when this client is gone. */
  watch(clientId: string): void;
  died(letter: DeadRecord): void;
  failed(error: BusError): void;
}

export interface HostMembership extends Membership {
  /** The member is away: what it has in hand stays its own, until its lease ends or its client is gone. */
  detach(): void;
}

export interface GroupKeeper {
  /** `name` is unique, and begins with that of the client; `held` is what it has in hand since before this host was there. */
  join(clientId: string, name: string, request: JoinRequest, sink: MemberSink, held: readonly Ref[]): HostMembership;
  /** The client died: what its members had in hand comes to others. */
  gone(clientId: string): void;
  /** A message was deleted. */
  erased(channelId: string, offset: number): Promise<void>;
  /** A channel was cleared up to there. */
  cleared(channelId: string, upTo: number): Promise<void>;
  list(channelId?: string): Promise<readonly GroupInfo[]>;
  deadLetters(group?: string): Promise<readonly DeadRecord[]>;
  /** Gives those of them that are still dead letters back to their groups. Resolves with how many. */
  redrive(letters: readonly DeadRecord[]): Promise<number>;
  /** Gives those of them that are still dead letters up. Resolves with how many. */
  discard(letters: readonly DeadRecord[]): Promise<number>;
  /** The last offset of a channel that no group needs any more. */
  floor(channelId: string): Promise<number>;
  close(): void;
}

/** A log that several processes append to and work on. */
export interface SharedLog extends Log {
  groups(home: GroupHome): GroupKeeper;
  /** Whether the process is gone that this client belongs to: its name begins with the `storeId` there. */
  isGone(clientId: string): Promise<boolean>;
  /** Calls back when a process was found to be gone. */
  onGone(listener: () => void): void;
}

/** A new name for a client of this process. */
export function clientName(log: Log, platform: Platform): string {
  return isShared(log) ? `${log.storeId}.${randomName(platform)}` : randomName(platform);
}

export function isShared(log: Log): log is SharedLog {
  return 'groups' in log;
}
