// Subscribing is reading the log from a position and then following it: no gap, no double. Each channel of a reader is
// pulling (reading pages), waiting (for credit), or live (taking appends as they come). It goes live only after a read past
// its position returned nothing and nothing was appended meanwhile.

import { firstOffset, weightOf } from './block.ts';
import type { Block, StoredBlock } from './block.ts';
import { isPattern, matcher } from './channel.ts';
import { channelsIn, hadPosition, isLast } from './from.ts';
import type { ReadRequest, Reader, Sink } from './host.ts';
import type { ChannelHead, Early, Log, Page, Position, Seen } from './log.ts';
import type { From, Reset } from './message-bus.ts';

/** How much may be on its way to a sink, as messages of common size. */
export const window = 16_384;
const pageMessages = 2048;

interface Cursor {
  readonly channelId: string;
  state: 'pulling' | 'waiting' | 'live';
  logId: string;
  offset: number;
  /** Something was appended while a page was being read. */
  missed: boolean;
  /** It is among those that `live` waits for. */
  initial: boolean;
}

/** Where to begin in one channel, and whether what the reader had is no longer there. `early` is the head when it asked. */
function beginning(
  from: From,
  channelId: string,
  at: ChannelHead,
  early: number | undefined,
): { offset: number; reset?: Reset } {
  const lowest = at.first - 1;
  if (from === 'now') return { offset: early ?? at.head };
  if (from === 'earliest') return { offset: lowest };
  if (isLast(from)) return { offset: Math.max(lowest, (early ?? at.head) - from.last) };
  const had = hadPosition(from, channelId);
  if (had === undefined) return { offset: lowest };
  const moved = (reason: Reset['reason'], offset: number) => ({
    offset,
    reset: { channelId, reason, had, now: { logId: at.logId, offset } },
  });
  if (had.logId !== '' && had.logId !== at.logId) return moved('replaced', lowest);
  if (had.offset > at.head) return moved('replaced', at.head);
  if (had.offset < lowest) return moved('trimmed', lowest);
  return { offset: had.offset };
}

/** What the reader had beyond its place. */
function seenIn(from: From, channelId: string): Seen | undefined {
  return typeof from !== 'object' || isLast(from) ? undefined : hadPosition(from, channelId)?.seen;
}

/** Why what was before this block is gone. */
function reasonBefore(block: StoredBlock | undefined): Reset['reason'] {
  return block?.header.control === 'clear' ? 'cleared' : 'trimmed';
}

export class LogReader implements Reader {
  readonly request: ReadRequest;
  readonly #log: Log;
  readonly #sink: Sink;
  readonly #matches: (channelId: string) => boolean;
  readonly #onError: (error: unknown) => void;
  readonly #onClose: (reader: LogReader) => void;
  readonly #cursors = new Map<string, Cursor>();
  /** Heads from before the appends that came while it was starting. */
  readonly #early = new Map<string, number>();
  readonly #waiting = new Set<Cursor>();
  #credit = window;
  #started = false;
  #closed = false;
  #awaited = 0;

  constructor(
    log: Log,
    request: ReadRequest,
    sink: Sink,
    onError: (error: unknown) => void,
    onClose: (reader: LogReader) => void,
  ) {
    this.#log = log;
    this.request = request;
    this.#sink = sink;
    this.#matches = matcher(request.pattern);
    this.#onError = onError;
    this.#onClose = onClose;
    this.#start().catch((error: unknown) => this.#failed(error));
  }

  matches(channelId: string): boolean {
    return this.#matches(channelId);
  }

  credit(weight: number): void {
    this.#credit += weight;
    if (this.#credit <= 0) return;
    for (const cursor of this.#waiting) this.#pull(cursor);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose(this);
  }

  /** The log took a block. */
  appended(block: StoredBlock): void {
    if (this.request.ephemeral === 'only') return;
    const { channelId } = block.header;
    const cursor = this.#cursors.get(channelId);
    if (cursor === undefined) this.#newcomer(channelId, block);
    else if (cursor.state === 'live') this.#follow(cursor, block);
    else cursor.missed = true;
  }

  /** A block came that has no place yet: only whoever has all that has one, and no more, may take it. */
  early(early: Early, after: number): void {
    const cursor = this.#cursors.get(early.block.header.channelId);
    if (cursor?.state !== 'live' || cursor.offset !== after || this.#credit <= 0) return;
    if (this.#sink.early?.(early) === true) this.#credit -= weightOf(early.block);
  }

  cast(block: Block): void {
    if (this.request.ephemeral !== false && this.#credit > 0) this.#sink.ephemeral(block);
  }

  /** A channel that did not exist when it began: all of it is new. */
  #newcomer(channelId: string, block: StoredBlock): void {
    const before = firstOffset(block) - 1;
    if (!this.#started) {
      if (!this.#early.has(channelId)) this.#early.set(channelId, before);
      return;
    }
    const cursor: Cursor = { channelId, state: 'live', logId: block.logId, offset: 0, missed: false, initial: false };
    this.#cursors.set(channelId, cursor);
    this.#follow(cursor, block);
  }

  #follow(cursor: Cursor, block: StoredBlock): void {
    if (this.#credit > 0 && firstOffset(block) === cursor.offset + 1) {
      this.#deliver(cursor, block);
    } else if (this.#credit > 0) {
      this.#pull(cursor);
    } else {
      this.#wait(cursor);
    }
  }

  #wait(cursor: Cursor): void {
    cursor.state = 'waiting';
    this.#waiting.add(cursor);
  }

  #deliver(cursor: Cursor, block: StoredBlock): void {
    cursor.logId = block.logId;
    cursor.offset = block.offset;
    this.#credit -= weightOf(block);
    this.#sink.block(block);
  }

  async #start(): Promise<void> {
    const { pattern, from, ephemeral } = this.request;
    const positions = new Map<string, Position>();
    if (ephemeral !== 'only') {
      const channels = isPattern(pattern)
        ? (await this.#log.channels()).filter((channelId) => this.#matches(channelId))
        : [pattern];
      const all = new Set([...channels, ...channelsIn(from).filter((channelId) => this.#matches(channelId))]);
      for (const channelId of all) positions.set(channelId, await this.#begin(channelId));
    }
    if (this.#closed) return;
    // Channels that appeared in between are newcomers; whatever is in them is read from the log.
    for (const channelId of this.#early.keys()) {
      if (!positions.has(channelId)) positions.set(channelId, await this.#begin(channelId, 'earliest'));
    }
    this.#started = true;
    this.#sink.started(Object.fromEntries(positions));
    this.#awaited = this.#cursors.size;
    if (this.#awaited === 0) this.#sink.live();
    for (const cursor of this.#cursors.values()) this.#pull(cursor);
  }

  async #begin(channelId: string, from: From = this.request.from): Promise<Position> {
    const at = await this.#log.head(channelId);
    const { offset, reset } = beginning(from, channelId, at, this.#early.get(channelId));
    if (reset !== undefined) await this.#moved(reset);
    this.#cursors.set(channelId, {
      channelId,
      state: 'waiting',
      logId: at.logId,
      offset,
      missed: false,
      initial: true,
    });
    const seen = from === 'now' ? at.seen : from === this.request.from ? seenIn(from, channelId) : undefined;
    return seen === undefined ? { logId: at.logId, offset } : { logId: at.logId, offset, seen };
  }

  async #moved(reset: Reset): Promise<void> {
    const { reason, channelId, now } = reset;
    const blocks = reason === 'trimmed' ? (await this.#log.read(channelId, now.offset, 1)).blocks : [];
    if (this.#closed) return;
    this.#sink.reset(reason === 'trimmed' ? { ...reset, reason: reasonBefore(blocks[0]) } : reset);
  }

  #pull(cursor: Cursor): void {
    cursor.state = 'pulling';
    this.#waiting.delete(cursor);
    this.#pages(cursor).catch((error: unknown) => this.#failed(error));
  }

  #failed(error: unknown): void {
    if (!this.#closed) this.#onError(error);
  }

  async #pages(cursor: Cursor): Promise<void> {
    while (this.#credit > 0) {
      cursor.missed = false;
      const page = await this.#log.read(cursor.channelId, cursor.offset, pageMessages);
      if (this.#closed) return;
      if (cursor.offset < page.first - 1) this.#trimmed(cursor, page);
      for (const block of page.blocks) this.#deliver(cursor, block);
      if (page.blocks.length === 0 && !cursor.missed) return this.#nowLive(cursor);
    }
    this.#wait(cursor);
  }

  #trimmed(cursor: Cursor, page: Page): void {
    const had = { logId: cursor.logId, offset: cursor.offset };
    cursor.offset = page.first - 1;
    this.#sink.reset({
      channelId: cursor.channelId,
      reason: reasonBefore(page.blocks[0]),
      had,
      now: { logId: page.logId, offset: cursor.offset },
    });
  }

  #nowLive(cursor: Cursor): void {
    cursor.state = 'live';
    const early = this.#log.early?.of(cursor.channelId);
    for (const one of early?.blocks ?? []) this.early(one, early?.after ?? 0);
    if (!cursor.initial) return;
    cursor.initial = false;
    this.#awaited -= 1;
    if (this.#awaited === 0) this.#sink.live();
  }
}
