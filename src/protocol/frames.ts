// Everything that is ever said on a link, as one closed union. Both sides ignore fields they do not know; a frame they
// cannot read is dropped, counted and reported, and never throws inside a listener.

import type { Ack } from '../core/batch.ts';
import type { Block, StoredBlock } from '../core/block.ts';
import type { ErrorRecord } from '../core/errors.ts';
import type { Page, Positions } from '../core/log.ts';
import type { BusStatus, ChannelInfo, From, Reset } from '../core/message-bus.ts';
import type { RetentionOptions } from '../core/retention.ts';

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

/** A question with one answer: `answer` or `failed`, by the same `call`. */
export type AskFrame =
  | {
      readonly type: 'page';
      readonly call: number;
      readonly channelId: string;
      readonly after: number;
      readonly limit: number;
    }
  | { readonly type: 'channels'; readonly call: number; readonly pattern: string };

export interface AnswerFrame {
  readonly type: 'answer';
  readonly call: number;
  readonly value: Page | readonly ChannelInfo[];
}

export interface FailedFrame {
  readonly type: 'failed';
  readonly call: number;
  readonly error: ErrorRecord;
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
  readonly error?: ErrorRecord;
}

export type ClientFrame =
  | Hello
  | PushFrame
  | CastFrame
  | OpenFrame
  | CreditFrame
  | ShutFrame
  | AskFrame
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
  | AnswerFrame
  | FailedFrame
  | PongFrame
  | StatusFrame
  | ByeFrame;
export type Frame = ClientFrame | HostFrame;
