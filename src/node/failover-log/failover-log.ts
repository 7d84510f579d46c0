// One log of two: Redis is home, and the files of this machine are a spill, for what home does not take in time. What lies in
// the spill is told on this machine at once, and brought home later; every message gets its place there, and only there.

import type { StoredBlock } from '../../core/block.ts';
import type { GroupHome, GroupKeeper, SharedLog } from '../../core/group-keeper.ts';
import { isIdentified } from '../../core/ledger.ts';
import type { Append, ChannelHead, Early, EarlySource, Page, Records, Verdict } from '../../core/log.ts';
import { reportError, systemPlatform } from '../../core/platform.ts';
import type { Platform } from '../../core/platform.ts';
import { Watched } from '../../core/store.ts';
import { deferred } from '../deferred.ts';
import type { Deferred } from '../deferred.ts';
import { Drain, drainedPrefix } from './drain.ts';
import type { Home } from './home.ts';
import { Outgoing } from './outgoing.ts';
import { plain } from './plain.ts';
import { skips } from './skips.ts';
import { View } from './view.ts';

export interface FailoverOptions {
  readonly home: Home;
  /** Opens the spill, which is asked for when home is away for the first time. */
  readonly spill: () => Promise<SharedLog>;
  /** Whether something may lie in it: then it is opened at once. */
  readonly isSpilt: boolean;
  /** Milliseconds that home may take for a block before it goes to the spill. Default 3000. */
  readonly patience?: number;
  /** Milliseconds for which the spill is kept after it is home. Default 60,000. */
  readonly keep?: number;
  readonly platform?: Platform;
  readonly onError?: (error: unknown) => void;
  /** Home acknowledged blocks of a dead process, and lost them. */
  readonly onLoss?: (loss: FailoverLoss) => void;
}

/** Blocks of a producer that are nowhere any more, by their sequence. */
export interface FailoverLoss {
  readonly channelId: string;
  readonly producerId: string;
  readonly from: number;
  readonly to: number;
}

const pageMessages = 1024;
/** After how many milliseconds a spill that could not be opened is tried again. */
const tryAgain = 1000;

type Follower = (blocks: readonly StoredBlock[]) => void;

export class FailoverLog implements SharedLog {
  readonly kind = 'redis';
  readonly encoded = true;
  readonly place: Watched<string>;
  readonly storeId: string;
  readonly early: EarlySource;
  readonly #options: Required<FailoverOptions>;
  readonly #views = new Map<string, View>();
  /** By channel and producer. */
  readonly #outgoing = new Map<string, Map<string, Outgoing>>();
  readonly #drains = new Map<string, Drain>();
  readonly #followers = new Set<Follower>();
  readonly #early = new Set<(early: Early, after: number) => void>();
  readonly #stops: (() => void)[] = [];
  readonly #begun: Deferred<void> = deferred<void>();
  #opened: Promise<SharedLog> | undefined;
  #isDenied = false;
  /** Since when home is away. */
  #awaySince: number | undefined;

  static async open(options: FailoverOptions): Promise<FailoverLog> {
    const log = new FailoverLog(options);
    try {
      await log.#open();
      return log;
    } catch (error) {
      await options.home.close();
      throw error;
    }
  }

  private constructor({
    patience = 3000,
    keep = 60_000,
    platform = systemPlatform,
    onError = reportError,
    onLoss = () => undefined,
    ...logs
  }: FailoverOptions) {
    this.#options = { patience, keep, platform, onError, onLoss, ...logs };
    this.storeId = logs.home.storeId;
    this.place = new Watched(logs.home.kind);
    this.early = {
      follow: (listener) => {
        const own: typeof listener = (early, after) => listener(early, after);
        this.#early.add(own);
        return () => void this.#early.delete(own);
      },
      of: (channelId) => this.#view(channelId).early,
    };
  }

  append(entries: readonly Append[]): Promise<readonly Verdict[]> {
    return Promise.all(
      entries.map((entry) => {
        const { block } = entry;
        const producerId = isIdentified(block) ? block.header.producerId : this.storeId;
        return this.#outgoingOf(block.header.channelId, producerId).append(entry);
      }),
    );
  }

  async read(channelId: string, after: number, limit: number): Promise<Page> {
    const known = this.#views.get(channelId)?.head;
    // While home is away there is nothing beyond what was told.
    if (known !== undefined && this.#away() > 0 && after >= known.head) return { ...known, blocks: [] };
    const page = await this.#options.home.read(channelId, after, limit);
    this.#view(channelId).read(page);
    return page;
  }

  async head(channelId: string): Promise<ChannelHead> {
    const known = this.#views.get(channelId)?.head;
    if (known !== undefined && this.#away() > 0) return known;
    // Looked at first: what comes home meanwhile may lie behind the head, or not.
    const seen = known?.seen;
    const head = await this.#options.home.head(channelId);
    return seen === undefined ? head : { ...head, seen };
  }

  channels(): Promise<readonly string[]> {
    if (this.#away() > 0)
      return Promise.resolve([...this.#views].flatMap(([name, { head }]) => (head.logId === '' ? [] : [name])));
    return this.#options.home.channels();
  }

  follow(listener: Follower): () => void {
    const own: Follower = (blocks) => listener(blocks);
    this.#followers.add(own);
    return () => void this.#followers.delete(own);
  }

  groups(home: GroupHome): GroupKeeper {
    return this.#options.home.groups(home);
  }

  isGone(clientId: string): Promise<boolean> {
    return this.#options.home.isGone(clientId);
  }

  onGone(listener: () => void): void {
    this.#options.home.onGone(listener);
  }

  records(prefix: string): Promise<ReadonlyMap<string, unknown>> {
    return this.#options.home.records(prefix);
  }

  save(records: Records): Promise<void> {
    return this.#options.home.save(records);
  }

  forget(clientId: string): void {
    this.#options.home.forget(clientId);
  }

  trim(channelId: string, upTo: number): Promise<void> {
    return this.#options.home.trim(channelId, upTo);
  }

  replace(block: StoredBlock): Promise<void> {
    return this.#options.home.replace(block);
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    for (const drain of this.#drains.values()) drain.close();
    for (const producers of this.#outgoing.values()) for (const outgoing of producers.values()) outgoing.close();
    await this.#options.home.close();
    await this.#opened?.then(
      (spill) => spill.close(),
      () => undefined,
    );
  }

  async #open(): Promise<void> {
    const { home, isSpilt } = this.#options;
    // Whatever is told while it begins is told again by the tables: nothing comes early before they are there.
    this.#stops.push(
      home.follow((blocks) => this.#cameHome(blocks)),
      home.isThere.subscribe(() => this.#homeChanged()),
    );
    if (!home.isThere.getSnapshot()) this.#homeChanged();
    for (const channelId of await home.channels()) this.#view(channelId).begin(await home.producers(channelId));
    this.#begun.resolve();
    if (isSpilt) await this.#spill().catch(() => undefined);
  }

  /** Until it can be opened, what home does not take waits. */
  #spill(): Promise<SharedLog> {
    const { platform, onError } = this.#options;
    this.#opened ??= this.#openSpill().catch((error: unknown) => {
      if (!this.#isDenied) onError(error);
      this.#isDenied = true;
      platform.timer(tryAgain, () => (this.#opened = undefined));
      throw error;
    });
    return this.#opened;
  }

  async #openSpill(): Promise<SharedLog> {
    // What lies in it can be told only by whoever knows how far home was.
    await this.#begun.promise;
    const spill = await this.#options.spill();
    this.#stops.push(spill.follow((blocks) => this.#spilled(spill, blocks)));
    const drained = await spill.records(drainedPrefix);
    for (const channelId of await spill.channels()) {
      const mark = (drained.get(drainedPrefix + channelId) as { offset: number } | undefined)?.offset ?? 0;
      for (let after = mark; ;) {
        const { blocks } = await spill.read(channelId, after, pageMessages);
        const last = blocks.at(-1);
        if (last === undefined) break;
        this.#spilled(spill, blocks);
        after = last.offset;
      }
      this.#drain(spill, channelId).wake();
    }
    return spill;
  }

  #view(channelId: string): View {
    let view = this.#views.get(channelId);
    if (view === undefined) {
      this.#views.set(channelId, (view = new View()));
      view.begin({ head: { logId: '', first: 1, head: 0, bytes: 0 }, last: new Map() });
    }
    return view;
  }

  #cameHome(blocks: readonly StoredBlock[]): void {
    for (const block of blocks) this.#view(block.header.channelId).home(block);
    for (const follower of this.#followers) {
      try {
        follower(blocks);
      } catch (error) {
        reportError(error);
      }
    }
    for (const { header } of blocks)
      this.#outgoing.get(header.channelId)?.get(header.producerId)?.reached(header.sequence);
  }

  #spilled(spill: SharedLog, blocks: readonly StoredBlock[]): void {
    for (const block of blocks) {
      const { channelId } = block.header;
      const view = this.#view(channelId);
      const early = view.spilled(plain(block));
      if (early !== undefined) this.#tellEarly(early, view.early.after);
      this.#drain(spill, channelId).wake();
    }
  }

  #tellEarly(early: Early, after: number): void {
    for (const told of this.#early) {
      try {
        told(early, after);
      } catch (error) {
        reportError(error);
      }
    }
  }

  #homeChanged(): void {
    const { home, platform } = this.#options;
    const isThere = home.isThere.getSnapshot();
    this.place.set(isThere ? home.kind : 'file');
    if (!isThere) this.#spill().catch(() => undefined);
    this.#awaySince = isThere ? undefined : (this.#awaySince ?? platform.elapsed());
    for (const producers of this.#outgoing.values()) for (const outgoing of producers.values()) outgoing.look();
    if (isThere) for (const drain of this.#drains.values()) drain.wake(true);
  }

  #away(): number {
    if (this.#awaySince === undefined) return 0;
    return Math.max(1, this.#options.platform.elapsed() - this.#awaySince);
  }

  #outgoingOf(channelId: string, producerId: string): Outgoing {
    let producers = this.#outgoing.get(channelId);
    if (producers === undefined) this.#outgoing.set(channelId, (producers = new Map()));
    let outgoing = producers.get(producerId);
    if (outgoing === undefined) {
      const { home, platform, patience } = this.#options;
      outgoing = new Outgoing({
        channelId,
        producerId,
        isOwn: producerId === this.storeId,
        home,
        spill: { append: async (entries) => (await this.#spill()).append(entries) },
        platform,
        patience,
        away: () => this.#away(),
        fill: (upTo) => this.#fill(channelId, producerId, upTo),
      });
      producers.set(producerId, outgoing);
    }
    return outgoing;
  }

  async #fill(channelId: string, producerId: string, upTo: number): Promise<void> {
    const { home, platform } = this.#options;
    const { last } = await home.producers(channelId, [producerId]);
    const from = (last.get(producerId) ?? 0) + 1;
    if (from > upTo) return;
    await home.append(skips(channelId, producerId, { from, to: upTo }, platform));
    this.#options.onLoss({ channelId, producerId, from, to: upTo });
  }

  #drain(spill: SharedLog, channelId: string): Drain {
    let drain = this.#drains.get(channelId);
    if (drain === undefined) {
      const { home, platform, keep, onError, onLoss } = this.#options;
      drain = new Drain({
        channelId,
        home,
        spill,
        platform,
        keep,
        isOrphan: async (producerId) => producerId === this.storeId || (await home.isGone(`${producerId}.`)),
        drained: (producerId, sequence) => this.#outgoing.get(channelId)?.get(producerId)?.reached(sequence),
        lost: (producerId, from, to) => onLoss({ channelId, producerId, from, to }),
        failed: onError,
      });
      this.#drains.set(channelId, drain);
    }
    return drain;
  }
}
