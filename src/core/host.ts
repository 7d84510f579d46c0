// What a bus needs from whoever owns its log: the host in the same process (`LogHost`), or one behind a link.

import type { Ack } from './batch.ts';
import type { Block, StoredBlock } from './block.ts';
import type { BusError } from './errors.ts';
import type { Events } from './events.ts';
import type { HostAdmin } from './host-admin.ts';
import type { Early, Page, Position, Positions } from './log.ts';
import type { BusStatus, ChannelInfo, From, Member, Reset } from './message-bus.ts';
import type { Presence } from './presence.ts';
import type { Store } from './store.ts';
import type { Will } from './will.ts';
import type { Testament } from './wills.ts';

/** A block's place in a log, told to its sender. */
export interface Receipt extends Position {
  /** Whether it was stored before, under a key that the caller gave. */
  readonly known: boolean;
}

export interface ReadRequest {
  readonly pattern: string;
  readonly from: From;
  readonly ephemeral: boolean | 'only';
}

/** Where a reader delivers. Each channel comes in order, without gap or double. */
export interface Sink {
  /** Where it begins, once that is known. */
  started(positions: Positions): void;
  block(block: StoredBlock): void;
  /** A block that has no place yet. Answers whether it is taken: if not, it comes by its place. */
  early?(early: Early): boolean;
  ephemeral(block: Block): void;
  reset(reset: Reset): void;
  /** All that was stored when it began has been delivered. */
  live(): void;
  /** How far it has come: what a reader goes on from after its host died. */
  positions(): Positions;
  /** Nothing will come any more, for good. */
  lost(error: BusError): void;
}

export interface Reader {
  /** The sink has done with blocks of this weight and takes as much more. */
  credit(weight: number): void;
  close(): void;
}

/** A message that a group gave to a member, and which attempt it is. */
export interface Ref extends Position {
  readonly channelId: string;
  readonly attempt: number;
}

/** How an attempt went. */
export type Outcome =
  | { readonly kind: 'done' }
  /** It comes again, unless this was the last attempt or `dead` says that no other would help. */
  | { readonly kind: 'failed'; readonly reason: string; readonly dead: boolean };

export interface JoinRequest {
  readonly group: string;
  readonly pattern: string;
  readonly from: 'earliest' | 'now';
  /** How many messages it takes at once; 0 while it is paused. */
  readonly slots: number;
  /** Milliseconds that an attempt may take. */
  readonly lease: number;
  readonly maxAttempts: number;
  readonly backoff: {
    readonly initial: number;
    readonly max: number;
    readonly factor: number;
    readonly jitter: boolean;
  };
  /** One message of a channel at a time, in order, control blocks too, and all of them to the member that is there longest. */
  readonly ordered: boolean;
  /** When the member came, by its own clock. */
  readonly since: number;
}

/** Where a group hands out. */
export interface MemberSink {
  /** It is a member: from now on it misses nothing. */
  joined(): void;
  hand(ref: Ref): void;
  /** The lease of this attempt ended: another member may have the message now. */
  lost(ref: Ref): void;
  failed(error: BusError): void;
}

/** A message was given up: which, in which group, and why. */
export interface DeadNotice {
  readonly group: string;
  readonly reason: string;
  readonly offset: number;
  /** The block that holds it. */
  readonly block: StoredBlock;
}

export interface Membership {
  /** Resolves when that is on record. Rejects with `LEASE_LOST` if the attempt was lost before. */
  settle(ref: Ref, outcome: Outcome): Promise<void>;
  /** Its filter leaves these out: they need not be handed to anybody. All members of a group have the same filter. */
  passOver(channelId: string, logId: string, offsets: readonly number[]): void;
  /** Milliseconds from now. Rejects with `LEASE_LOST`. */
  extend(ref: Ref, ms: number): Promise<void>;
  slots(slots: number): void;
  /** It has nothing at work any more: what is on its way to it goes to others. */
  leave(): void;
}

export interface Host {
  readonly status: Store<BusStatus>;
  readonly events: Events;
  /** Whether blocks leave this process on their way to the log, so that they must be encoded. */
  readonly encoded: boolean;
  /** Resolves when the block is in the log and was delivered. */
  push(block: Block, ack: Ack, testament?: Testament): Promise<Receipt>;
  /** Puts this in the place of a will of this client; nobody is told whether it did. */
  setWill(will: Will): void;
  /** Delivers at once to whoever listens, and keeps nothing. */
  cast(block: Block): void;
  open(request: ReadRequest, sink: Sink): Reader;
  join(request: JoinRequest, sink: MemberSink): Membership;
  /** The rare calls, which no message waits for. */
  admin(): Promise<HostAdmin>;
  /** Who is in a channel. */
  presence(channelId: string): Store<readonly Member[]>;
  setPresence(channelId: string, userId: string, presence: Presence): void;
  /** Tells of every message that a group gives up. */
  onDeadLetter(listener: (notice: DeadNotice) => void): () => void;
  page(channelId: string, after: number, limit: number): Promise<Page>;
  channels(pattern: string): Promise<readonly ChannelInfo[]>;
  /** Takes the message out of the log, if this one is there, and tells every reader. */
  erase(channelId: string, offset: number, id: string, author: string): Promise<void>;
  /** Takes all messages up to a place out of a channel and tells every reader. Harmless when it is asked again. */
  clear(channelId: string, upTo: Position, author: string): Promise<void>;
  close(): Promise<void>;
}
