// Everything that is ever said on a link, as one closed union. Both sides ignore fields they do not know; a frame they
// cannot read is dropped, counted and reported, and never throws inside a listener.

import type { Ack } from '../core/batch.ts';
import type { Block, StoredBlock } from '../core/block.ts';
import type { ErrorRecord } from '../core/errors.ts';
import type { DeadNotice, JoinRequest, Outcome, Ref } from '../core/host.ts';
import type { Page, Position, Positions } from '../core/log.ts';
import type { BusStatus, ChannelInfo, From, Member, Reset } from '../core/message-bus.ts';
import type { Presence } from '../core/presence.ts';
import type { RetentionOptions } from '../core/retention.ts';
import type { Will } from '../core/will.ts';

/** The versions of this protocol that this build speaks. */
export const versions: { readonly min: number; readonly max: number } = { min: 1, max: 1 };

/** First of all, before the host has opened its log: here is somebody, and this is the lock that dies with it. */
export interface Hi {
  readonly type: 'hi';
  readonly lock: string;
}

/** The client introduces itself. The host sees by the lock when it is gone. */
export interface Hello {
  readonly type: 'hello';
  readonly min: number;
  readonly max: number;
  readonly clientId: string;
  /** Which of its links this is: 1, 2, 3 …; an older one may be heard later. */
  readonly link?: number;
  readonly lock: string;
  /** What the page asks for, if the host has no limits of its own. */
  readonly retention?: RetentionOptions;
}

/** The log is open. The client now opens its readers, pushes what is unacknowledged, then what is new. */
export interface Welcome {
  readonly type: 'welcome';
  readonly version: number;
  readonly storeId: string;
  readonly term: number;
  readonly status: HostStatus;
}

/** What the host knows of itself; sent again when it changes. */
export interface HostStatus extends Pick<BusStatus, 'host' | 'why' | 'tabs' | 'durability' | 'storage' | 'problems'> {
  readonly problem?: ErrorRecord;
}

/** Store this block. `n` counts the pushes of this client: a repeated one is recognised by it. */
export interface PushFrame {
  readonly type: 'push';
  readonly n: number;
  readonly ack: Ack;
  readonly block: Block;
  /** What to store if this client dies. */
  readonly will?: Will;
  /** The id of a will that this block makes needless. */
  readonly fulfils?: string;
}

/** Put this in the place of a will. There is no answer. */
export interface WillFrame {
  readonly type: 'will';
  readonly will: Will;
}

/** It is stored and was delivered. */
export interface StoredFrame {
  readonly type: 'stored';
  readonly n: number;
  readonly logId: string;
  readonly offset: number;
  readonly known: boolean;
}

/** It was not stored, and will not be. */
export interface RefusedFrame {
  readonly type: 'refused';
  readonly n: number;
  readonly error: ErrorRecord;
}

/** Deliver this at once to whoever listens; from the client without, to the client with its readers. */
export interface CastFrame {
  readonly type: 'cast';
  readonly block: Block;
  readonly readers?: readonly number[];
}

/** Begin to read. */
export interface OpenFrame {
  readonly type: 'open';
  readonly reader: number;
  readonly pattern: string;
  readonly from: From;
  readonly ephemeral: boolean | 'only';
}

export interface StartedFrame {
  readonly type: 'started';
  readonly reader: number;
  readonly positions: Positions;
}

/** A block for these readers, each of which follows on what it had. */
export interface BlockFrame {
  readonly type: 'block';
  readonly readers: readonly number[];
  readonly block: StoredBlock;
}

export interface ResetFrame {
  readonly type: 'reset';
  readonly reader: number;
  readonly reset: Reset;
}

/** All that was stored when the reader began has been sent. */
export interface LiveFrame {
  readonly type: 'live';
  readonly reader: number;
}

/** The reader has done with blocks of this weight. */
export interface CreditFrame {
  readonly type: 'credit';
  readonly reader: number;
  readonly weight: number;
}

export interface ShutFrame {
  readonly type: 'shut';
  readonly reader: number;
}

/** Become a member of a group. `held` is what it has in hand since before this host was there. */
export interface JoinFrame extends JoinRequest {
  readonly type: 'join';
  readonly member: number;
  readonly held: readonly Ref[];
}

export interface SlotsFrame {
  readonly type: 'slots';
  readonly member: number;
  readonly slots: number;
}

/** How an attempt went; said again to the next host until one says that it is on record. */
export interface SettleFrame {
  readonly type: 'settle';
  readonly member: number;
  readonly ref: Ref;
  readonly outcome: Outcome;
}

/** The member's filter leaves these out. Lost without harm: then they are handed out, and passed over one by one. */
export interface PassFrame {
  readonly type: 'pass';
  readonly member: number;
  readonly channelId: string;
  readonly logId: string;
  readonly offsets: readonly number[];
}

export interface LeaveFrame {
  readonly type: 'leave';
  readonly member: number;
}

export interface JoinedFrame {
  readonly type: 'joined';
  readonly member: number;
}

/** Here is a message to be handled, by its place. */
export interface HandFrame {
  readonly type: 'hand';
  readonly member: number;
  readonly ref: Ref;
}

/** This attempt is not the member's any more. */
export interface LostFrame {
  readonly type: 'lost';
  readonly member: number;
  readonly ref: Ref;
}

/** How it went is on record; or, with an error, it came too late. */
export interface SettledFrame {
  readonly type: 'settled';
  readonly member: number;
  readonly ref: Ref;
  readonly error?: ErrorRecord;
}

/** A group gave a message up. */
export interface DeadFrame extends DeadNotice {
  readonly type: 'dead';
}

/** What a client says of one of its users in a channel. It holds until the client says otherwise or is gone. */
export interface PresentFrame {
  readonly type: 'present';
  readonly channelId: string;
  readonly userId: string;
  readonly presence: Presence;
}

/** Tell who is there, or stop telling. */
export interface WatchFrame {
  readonly type: 'watch';
  readonly channelId: string;
  readonly on: boolean;
}

export interface MembersFrame {
  readonly type: 'members';
  readonly channelId: string;
  readonly members: readonly Member[];
}

/** A question with one answer: `answer` or `failed`, by the same `call`. */
export type AskFrame =
  | {
      readonly type: 'page';
      readonly call: number;
      readonly channelId: string;
      readonly after: number;
      readonly limit: number;
    }
  | { readonly type: 'channels'; readonly call: number; readonly pattern: string }
  | {
      readonly type: 'erase';
      readonly call: number;
      readonly channelId: string;
      readonly offset: number;
      readonly id: string;
      readonly author: string;
    }
  | {
      readonly type: 'clear';
      readonly call: number;
      readonly channelId: string;
      readonly upTo: Position;
      readonly author: string;
    }
  | { readonly type: 'extend'; readonly call: number; readonly member: number; readonly ref: Ref; readonly ms: number };

export interface AnswerFrame {
  readonly type: 'answer';
  readonly call: number;
  readonly value: Page | readonly ChannelInfo[] | null;
}

export interface FailedFrame {
  readonly type: 'failed';
  readonly call: number;
  readonly error: ErrorRecord;
}

/** A piece of a rare call, in comlink's words. */
export interface AdminFrame {
  readonly type: 'admin';
  readonly data: unknown;
}

export interface PingFrame {
  readonly type: 'ping';
  readonly n: number;
}

export interface PongFrame {
  readonly type: 'pong';
  readonly n: number;
}

export interface StatusFrame {
  readonly type: 'status';
  readonly status: HostStatus;
}

/** From the client: `gone` for good, or away for a while. From the host: it ends; without an error, find the next one. */
export interface ByeFrame {
  readonly type: 'bye';
  readonly gone?: boolean;
  /** Another host has the bus: it is to be found at the meeting place. */
  readonly elsewhere?: boolean;
  readonly error?: ErrorRecord;
}

export type ClientFrame =
  | Hello
  | PushFrame
  | WillFrame
  | CastFrame
  | OpenFrame
  | CreditFrame
  | ShutFrame
  | JoinFrame
  | SlotsFrame
  | SettleFrame
  | PassFrame
  | LeaveFrame
  | PresentFrame
  | WatchFrame
  | AskFrame
  | AdminFrame
  | PingFrame
  | ByeFrame;
export type HostFrame =
  | Hi
  | Welcome
  | StoredFrame
  | RefusedFrame
  | CastFrame
  | StartedFrame
  | BlockFrame
  | ResetFrame
  | LiveFrame
  | JoinedFrame
  | HandFrame
  | LostFrame
  | SettledFrame
  | DeadFrame
  | MembersFrame
  | AnswerFrame
  | FailedFrame
  | AdminFrame
  | PongFrame
  | StatusFrame
  | ByeFrame;
export type Frame = ClientFrame | HostFrame;
