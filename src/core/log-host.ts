// The host of a bus in the process that owns the log: appends, then delivers, then acknowledges.

import type { Ack } from './batch.ts';
import type { Block, StoredBlock } from './block.ts';
import { isPattern, matcher } from './channel.ts';
import { busError, describe } from './errors.ts';
import { Events } from './events.ts';
import type { Host, ReadRequest, Reader, Receipt, Sink } from './host.ts';
import type { Append, Log, Page, Push, Verdict } from './log.ts';
import type { BusStatus, ChannelInfo } from './message-bus.ts';
import { LogReader } from './reader.ts';
import { Cell } from './store.ts';

/** Turns a verdict into what a sender hears. */
function receiptOf(verdict: Verdict): Receipt {
  if (verdict.kind === 'refused')
    throw busError(verdict.code, verdict.why, { retryable: verdict.code === 'STORAGE_FULL' });
  return { logId: verdict.logId, offset: verdict.offset, known: verdict.kind === 'known' };
}

export class LogHost implements Host {
  readonly log: Log;
  readonly status: Cell<BusStatus>;
  readonly events: Events = new Events();
  readonly #byChannel = new Map<string, Set<LogReader>>();
  readonly #patterns = new Set<LogReader>();
  readonly #unfollow: () => void;

  constructor(log: Log, status: Pick<BusStatus, 'host' | 'why' | 'durability'> & Partial<BusStatus>) {
    this.log = log;
    this.status = new Cell<BusStatus>({ tabs: 1, outbox: 0, sync: 'off', ...status });
    this.#unfollow = log.follow((blocks) => this.#appended(blocks));
  }

  get positions(): Log {
    return this.log;
  }

  get encoded(): boolean {
    return this.log.encoded;
  }

  async push(block: Block, ack: Ack, push?: Push): Promise<Receipt> {
    const entry: Append = { block, flush: ack === 'flushed', ...(push !== undefined && { push }) };
    const [verdict] = await this.log.append([entry]);
    return receiptOf(verdict as Verdict);
  }

  cast(block: Block): void {
    for (const reader of this.#readersOf(block.header.channelId)) reader.cast(block);
  }

  open(request: ReadRequest, sink: Sink): Reader {
    const readers = this.#home(request.pattern);
    const failed = (cause: unknown): void => {
      const error = busError('HOST_LOST', `Reading "${request.pattern}" failed: ${describe(cause)}`, {
        cause,
        retryable: true,
      });
      reader.close();
      this.events.emit('error', error);
      sink.lost(error);
    };
    const reader = new LogReader(this.log, request, sink, failed, () => {
      readers.delete(reader);
      if (readers.size === 0) this.#byChannel.delete(request.pattern);
    });
    readers.add(reader);
    return reader;
  }

  page(channelId: string, after: number, limit: number): Promise<Page> {
    return this.log.read(channelId, after, limit);
  }

  async channels(pattern: string): Promise<readonly ChannelInfo[]> {
    const names = (await this.log.channels()).filter(matcher(pattern));
    return Promise.all(names.map(async (channelId) => ({ channelId, ...(await this.log.head(channelId)) })));
  }

  close(): Promise<void> {
    this.#unfollow();
    this.status.set({ ...this.status.getSnapshot(), host: 'closed' });
    return this.log.close();
  }

  #home(pattern: string): Set<LogReader> {
    if (isPattern(pattern)) return this.#patterns;
    let readers = this.#byChannel.get(pattern);
    if (readers === undefined) this.#byChannel.set(pattern, (readers = new Set()));
    return readers;
  }

  #readersOf(channelId: string): readonly LogReader[] {
    const exact = this.#byChannel.get(channelId);
    if (this.#patterns.size === 0) return exact === undefined ? [] : [...exact];
    return [...(exact ?? []), ...[...this.#patterns].filter((reader) => reader.matches(channelId))];
  }

  #appended(blocks: readonly StoredBlock[]): void {
    for (const block of blocks) for (const reader of this.#readersOf(block.header.channelId)) reader.appended(block);
  }
}
