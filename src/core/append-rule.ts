// The rule that makes every append repeatable: whoever stores a block looks at what it last had from that producer.

import type { Identity } from './block.ts';

/** How many blocks of a producer and channel a log remembers; no sender has more in flight. */
export const rememberedBlocks = 32;

export interface ProducerState {
  readonly sequence: number;
  /** The last blocks, newest last: `[blockId, offset]`. */
  readonly recent: readonly (readonly [blockId: string, offset: number])[];
}

export const newProducer: ProducerState = { sequence: 0, recent: [] };

export type Decision =
  | { readonly kind: 'append' }
  | { readonly kind: 'duplicate'; readonly offset: number }
  | { readonly kind: 'CONFLICT' }
  | { readonly kind: 'GAP' };

export function decide(state: ProducerState, identity: Identity): Decision {
  const behind = state.sequence - identity.sequence;
  if (behind === -1) return { kind: 'append' };
  if (behind < -1) return { kind: 'GAP' };
  const had = state.recent[state.recent.length - 1 - behind];
  return had?.[0] === identity.blockId ? { kind: 'duplicate', offset: had[1] } : { kind: 'CONFLICT' };
}

/** The state after the block was appended with this offset; a skip has the offset of the message before it. */
export function advanced(state: ProducerState, identity: Identity, offset: number): ProducerState {
  return {
    sequence: identity.sequence,
    recent: [...state.recent.slice(1 - rememberedBlocks), [identity.blockId, offset]],
  };
}
