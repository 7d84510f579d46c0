// The log of a page that hosts the bus by itself where IndexedDB is refused. All of it is in memory, too: localStorage holds
// about 5 MB. It is synchronous, so nothing is ever under way: each append is one commit, in the turn in which it is given.

import type { StoredBlock } from '../../core/block.ts';
import { busError, describe, isBusError } from '../../core/errors.ts';
import { headOf } from '../../core/ledger.ts';
import type { Placed } from '../../core/ledger.ts';
import type { Append, ChannelHead, Log, Page, Records, Verdict } from '../../core/log.ts';
import { indexAfter, pageOf } from '../../core/pages.ts';
import { randomName } from '../../core/platform.ts';
import type { Platform } from '../../core/platform.ts';
import { format } from './commit.ts';
import type { Term } from './commit.ts';
import { Journal } from './journal.ts';
import { Keys, keysIn, removeKeys } from './keys.ts';
import type { Texts } from './keys.ts';
import { restore } from './restore.ts';
import type { Restored } from './restore.ts';
import type { State } from './state.ts';
import { commitError, isQuota, openError } from './storage-error.ts';

export interface LocalStorageLogOptions {
  readonly bus: string;
  readonly platform: Platform;
  readonly storage: Texts;
  /** Hears `storage`: what other pages do to it. */
  readonly window: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
  /** Which clients may still repeat a push. */
  readonly isAlive: (clientId: string) => boolean;
  /** The log can do no more: its host has to go. */
  readonly onEnd: (why: string) => void;
}

/** Terms that are remembered: a host that slept through more successors than this has long been dead. */
const keptTerms = 16;
/** The text of a term is always as long as this: so it can be overwritten where there is no space at all. */
const termLength = 1024;

/**
 * Opens the log and takes its term. Rejects with `STORAGE_BLOCKED`, `STORAGE_FULL` or `STORAGE_NEWER`. What is there but cannot
 * be read is removed, and an empty log opened: its `damage` says why.
 */
export async function openLocalStorageLog(options: LocalStorageLogOptions): Promise<LocalStorageLog> {
  try {
    return new LocalStorageLog(options, find(options));
  } catch (error) {
    throw openError(error);
  }
}

interface Found extends Restored {
  readonly damage?: string;
}

function find({ bus, storage, platform }: LocalStorageLogOptions): Found {
  const keys = new Keys(bus);
  const texts = new Map(keysIn(storage, bus).map((key) => [key, storage.getItem(key) ?? '']));
  try {
    return restore(texts, keys, platform);
  } catch (error) {
    if (isBusError(error)) throw error;
    removeKeys(storage, bus);
    return { ...restore(new Map(), keys, platform), damage: describe(error) };
  }
}

/**
 * Survives a reload and the end of its page. What it acknowledged last may be lost where a process is killed: that of the page
 * in that very moment, or the whole browser some seconds later. Nobody can ask for more here: `flush` changes nothing.
 * Records are kept as JSON, with Uint8Array anywhere inside.
 * Before each commit it looks whether the term is still its own. That is nearly a fence, and no more: a page sees what another
 * process wrote only when it has been told, so a host that hung while its successor opened may acknowledge commits in the turn
 * in which it wakes. They are not mixed with those of its successor, and are removed. The bus's Web Lock keeps hosts apart.
 */
export class LocalStorageLog implements Log {
  readonly kind: string = 'local-storage';
  readonly encoded: boolean = true;
  readonly storeId: string;
  readonly term: number;
  /** Why what was stored was replaced by an empty log, if it was. */
  readonly damage: string | undefined;
  readonly #options: LocalStorageLogOptions;
  readonly #termKey: string;
  readonly #termText: string;
  readonly #state: State;
  readonly #journal: Journal;
  readonly #followers = new Set<(blocks: readonly StoredBlock[]) => void>();
  readonly #onStorage: () => void;
  #ended: string | undefined;

  constructor(options: LocalStorageLogOptions, found: Found) {
    const { bus, storage, platform, window, isAlive } = options;
    const keys = new Keys(bus);
    this.#options = options;
    this.#state = found.state;
    this.storeId = found.state.storeId;
    this.term = found.term + 1;
    this.damage = found.damage;
    this.#state.keepClients(isAlive);
    const { storeId, term } = this;
    const starts = [...found.starts.slice(1 - keptTerms), [term, found.last + 1] as const];
    const text: Term = { v: format, storeId, term, host: randomName(platform), starts };
    this.#termKey = keys.term;
    this.#termText = JSON.stringify(text).padEnd(termLength);
    storage.setItem(this.#termKey, this.#termText);
    this.#journal = new Journal(storage, keys, term, found);
    this.#onStorage = () => this.#look();
    window.addEventListener('storage', this.#onStorage);
  }

  async append(entries: readonly Append[]): Promise<readonly Verdict[]> {
    const placed = this.#commit(entries, []);
    const blocks = placed.flatMap(({ block }) => block ?? []);
    if (blocks.length > 0) for (const follower of this.#followers) follower(blocks);
    return placed.map(({ verdict }) => verdict);
  }

  async read(channelId: string, after: number, limit: number): Promise<Page> {
    this.#check();
    const { record, blocks = [] } = this.#state.channels.get(channelId) ?? {};
    return { ...headOf(record), blocks: pageOf(blocks, indexAfter(blocks, after), limit) };
  }

  async head(channelId: string): Promise<ChannelHead> {
    this.#check();
    return headOf(this.#state.channels.get(channelId)?.record);
  }

  async channels(): Promise<readonly string[]> {
    this.#check();
    return [...this.#state.channels].filter(([, { record }]) => record.logId !== '').map(([channelId]) => channelId);
  }

  follow(listener: (blocks: readonly StoredBlock[]) => void): () => void {
    this.#followers.add(listener);
    return () => void this.#followers.delete(listener);
  }

  async records(prefix: string): Promise<ReadonlyMap<string, unknown>> {
    this.#check();
    return new Map([...this.#state.records].filter(([name]) => name.startsWith(prefix)));
  }

  async save(records: Records): Promise<void> {
    this.#commit([], records);
  }

  forget(clientId: string): void {
    this.#state.forget(clientId);
  }

  async trim(channelId: string, upTo: number): Promise<void> {
    this.#write(true, () => {
      for (const dropped of this.#journal.drop(channelId, upTo)) this.#state.trim(channelId, dropped);
    });
  }

  async replace(block: StoredBlock): Promise<void> {
    this.#write(true, () => {
      const old = this.#state.find(block);
      if (old === undefined) return;
      this.#journal.replace(old, block);
      this.#state.replace(block);
    });
  }

  async close(): Promise<void> {
    this.end(undefined);
  }

  /** Nothing is written any more. With a reason, the host is told. */
  end(why: string | undefined): void {
    if (this.#ended !== undefined) return;
    this.#ended = why ?? 'It was closed.';
    this.#options.window.removeEventListener('storage', this.#onStorage);
    this.#followers.clear();
    if (why !== undefined) this.#options.onEnd(why);
  }

  /** What only deletes may use the last of the space. */
  #commit(entries: readonly Append[], records: Records): readonly Placed[] {
    const isUrgent = entries.every(({ block }) => block.header.kind === 'control');
    return this.#write(isUrgent, () => {
      this.#journal.foldIfDue();
      const proposal = this.#state.propose(entries, records);
      const { commit } = proposal;
      try {
        if (commit !== undefined) this.#journal.add(commit);
      } catch (error) {
        proposal.takeBack();
        throw error;
      }
      if (commit !== undefined) this.#state.settle(commit);
      return proposal.placed;
    });
  }

  /** Makes room and tries again as long as that helps. After any error but a full disk the log is at its end. */
  #write<T>(isUrgent: boolean, task: () => T): T {
    this.#look();
    this.#check();
    try {
      return this.#fit(isUrgent, task);
    } catch (error) {
      const failed = commitError(error);
      if (failed.code !== 'STORAGE_FULL') this.end(failed.message);
      throw failed;
    }
  }

  #fit<T>(isUrgent: boolean, task: () => T): T {
    for (;;) {
      try {
        return task();
      } catch (error) {
        if (isQuota(error) && this.#journal.makeRoom(isUrgent)) continue;
        if (isQuota(error)) this.#journal.keepSpare();
        throw error;
      }
    }
  }

  #check(): void {
    if (this.#ended === undefined) return;
    throw busError('HOST_LOST', `The log ended: ${this.#ended}`, { accepted: 'unknown', retryable: true });
  }

  /** Ends if it may not write any more. */
  #look(): void {
    if (!this.#hasTerm()) this.end('Another host has taken over, or the bus was deleted.');
  }

  #hasTerm(): boolean {
    try {
      return this.#options.storage.getItem(this.#termKey) === this.#termText;
    } catch {
      return false;
    }
  }
}
