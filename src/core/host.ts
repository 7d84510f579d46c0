// What a bus needs from whoever owns its log: the host in the same process (`LogHost`), or one behind a link.

import type { Ack } from './batch.ts';
import type { Block, StoredBlock } from './block.ts';
import type { BusError } from './errors.ts';
import type { Events } from './events.ts';
import type { Log, Page, Position, Positions } from './log.ts';
import type { BusStatus, ChannelInfo, From, Reset } from './message-bus.ts';
import type { Store } from './store.ts';

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

export interface Host {
  readonly status: Store<BusStatus>;
  readonly events: Events;
  /** Whether blocks leave this process on their way to the log, so that they must be encoded. */
  readonly encoded: boolean;
  /** Resolves when the block is in the log and was delivered. */
  push(block: Block, ack: Ack): Promise<Receipt>;
  /** Delivers at once to whoever listens, and keeps nothing. */
  cast(block: Block): void;
  open(request: ReadRequest, sink: Sink): Reader;
  page(channelId: string, after: number, limit: number): Promise<Page>;
  channels(pattern: string): Promise<readonly ChannelInfo[]>;
  /** Positions that survive this bus object; only where its readers run beside the log. */
  readonly positions?: Pick<Log, 'savedPositions' | 'savePositions'>;
  close(): Promise<void>;
}
