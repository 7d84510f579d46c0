// What is written down during a run. A tab says what it is about to do before it does it, so what a dying tab could not say
// any more is missing at the end of its story, never in the middle. That something was not said is no proof of anything.

import type { Position, Positions } from '../../src/core/log.ts';

/** How many messages of the group a tab has in hand at once. */
export const slots = 4;

/** How long it may have one, and how long after it was given out it may hear of it at the latest, in milliseconds. */
export const lease = 1500;
const onItsWay = 1000;
/** Nobody has lost a message who heard of it less than this ago. */
export const surelyHeld: number = lease - onItsWay;

/** What a tab says of itself. A life is one page from its load to its end: a reloaded tab begins another. */
export type TabFact =
  | { readonly t: 'born'; readonly life: string }
  /** It is shown: for the first time, or again after it was left. */
  | { readonly t: 'back'; readonly life: string }
  | {
      readonly t: 'host';
      readonly life: string;
      readonly kind: string;
      readonly term: number;
      readonly storeId: string;
    }
  | { readonly t: 'memory'; readonly life: string }
  | { readonly t: 'hosting'; readonly life: string }
  | { readonly t: 'busy'; readonly life: string }
  | { readonly t: 'error'; readonly life: string; readonly code: string; readonly message: string }
  | { readonly t: 'uncaught'; readonly life: string; readonly message: string }
  | { readonly t: 'sent'; readonly life: string; readonly ch: string; readonly n: number; readonly id: string }
  | {
      readonly t: 'stored';
      readonly life: string;
      readonly ch: string;
      readonly n: number;
      readonly id: string;
      readonly offset: number;
    }
  | ({
      readonly t: 'refused';
      readonly life: string;
      readonly ch: string;
      readonly n: number;
      readonly id: string;
    } & Failure)
  | { readonly t: 'sub'; readonly life: string; readonly sub: string; readonly from: 'earliest' | Positions }
  | {
      readonly t: 'got';
      readonly sub: string;
      readonly ch: string;
      readonly logId: string;
      readonly offset: number;
      readonly id: string;
    }
  | { readonly t: 'reset'; readonly sub: string; readonly ch: string; readonly now: Position; readonly reason: string }
  | { readonly t: 'positions'; readonly sub: string; readonly positions: Positions }
  | { readonly t: 'unsub'; readonly sub: string }
  | ({ readonly t: 'began'; readonly life: string } & Work)
  | ({ readonly t: 'ended'; readonly life: string; readonly how: 'returned' | 'threw' } & Work)
  | ({ readonly t: 'lost'; readonly life: string } & Work)
  /** Told below the bus, where `isComplete`: it was given out to this life, and that it is done is on record. */
  | ({ readonly t: 'handed' | 'acked'; readonly life: string } & Work)
  | { readonly t: 'late'; readonly life: string }
  | { readonly t: 'asked'; readonly life: string; readonly n: number }
  | {
      readonly t: 'answered';
      readonly life: string;
      readonly n: number;
      readonly id: string;
      readonly to: string;
      readonly right: boolean;
    }
  | ({ readonly t: 'unanswered'; readonly life: string; readonly n: number } & Failure)
  | { readonly t: 'wrote'; readonly life: string; readonly stream: string; readonly delta: string }
  | { readonly t: 'closed'; readonly life: string; readonly stream: string }
  | ({ readonly t: 'failed'; readonly life: string; readonly stream: string } & Failure)
  | { readonly t: 'opened'; readonly life: string; readonly stream: string; readonly seen: number }
  | {
      readonly t: 'read';
      readonly life: string;
      readonly seen: number;
      readonly stream: string;
      readonly end: string;
      readonly text: string;
      readonly content: string | undefined;
    }
  | { readonly t: 'drained'; readonly life: string }
  | { readonly t: 'heads'; readonly life: string; readonly heads: Positions }
  | { readonly t: 'reached'; readonly life: string }
  | { readonly t: 'settled'; readonly life: string }
  | { readonly t: 'left'; readonly life: string }
  | { readonly t: 'final'; readonly life: string; readonly final: Final }
  /** It is about to drop all blocks of a channel that end here or before. */
  | { readonly t: 'trimming'; readonly life: string; readonly ch: string; readonly upTo: number }
  | { readonly t: 'trimmed'; readonly life: string; readonly ch: string }
  /** Said by the code that a fault was put into, whoever heard it. */
  | { readonly t: 'fault'; readonly nonce: string; readonly what: string };

interface Failure {
  readonly code: string;
  readonly accepted: unknown;
  readonly message: string;
}

interface Work {
  readonly logId: string;
  readonly offset: number;
  readonly attempt: number;
}

/** What the driver knows of its own doing. */
export type DriverFact =
  | { readonly t: 'dead'; readonly life: string; readonly how: 'closed' | 'crashed' | 'killed' | 'reloaded' | 'left' }
  | { readonly t: 'clearing' }
  | { readonly t: 'cleared' }
  | { readonly t: 'full' }
  /** What is stored is what it was at `copiedAt`: what was acknowledged since is with those only who saw it. */
  | { readonly t: 'restored'; readonly copiedAt: number };

export type Fact = TabFact | DriverFact;

/** With when it came, in milliseconds of the driver. */
export type Told = Fact & { readonly at: number };

export interface StoredMessage {
  readonly id: string;
  readonly offset: number;
  readonly type: string;
  /** Of whom and which, if it is a numbered one. */
  readonly life?: string;
  readonly n?: number;
  readonly inReplyTo?: string;
  readonly text?: string;
}

export interface FinalChannel {
  readonly logId: string;
  /** The first offset kept, where it is not 1. */
  readonly first?: number;
  readonly head: number;
  readonly messages: readonly StoredMessage[];
}

/** What a tab finds that was opened when all the others had gone. */
export interface Final {
  readonly channels: { readonly [channelId: string]: FinalChannel };
  readonly groups: readonly {
    readonly group: string;
    readonly channelId: string;
    readonly pending: number;
    readonly lag: number;
  }[];
  readonly deadLetters: readonly { readonly channelId: string; readonly offset: number; readonly reason: string }[];
  /** Streams that a list still shows as being written. */
  readonly streaming: readonly string[];
}

export interface History {
  readonly facts: readonly Told[];
  readonly final: Final;
  /** Whatever a life did was heard, also of those that died: then what was not said was not done. */
  readonly isComplete?: boolean;
}

/** The channels of a run. Only numbered messages are in those of `plain`: there every offset is delivered. */
export const plain: readonly string[] = ['c:a', 'c:b', 'c:c', 'work'];
export const talk = 'ask';
export const story = 'story';
