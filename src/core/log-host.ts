// The host of a bus in the process that owns the log: appends, then delivers, then acknowledges.

import type { Ack } from './batch.ts';
import type { Block, StoredBlock } from './block.ts';
import { descriptionsIn } from './channel-records.ts';
import { isPattern, matcher } from './channel.ts';
import { busError, describe } from './errors.ts';
import { Erasures } from './erasures.ts';
import { Events } from './events.ts';
import type { DeadRecord } from './host-admin.ts';
import { Groups } from './groups.ts';
import { clientName, isShared } from './group-keeper.ts';
import type { GroupHome, GroupKeeper, HostMembership, SharedLog } from './group-keeper.ts';
import type {
  DeadNotice,
  Host,
  JoinRequest,
  Membership,
  MemberSink,
  ReadRequest,
  Reader,
  Receipt,
  Ref,
  Sink,
} from './host.ts';
import type { Append, Log, Page, Position, Push, Verdict } from './log.ts';
import type { BusStatus, ChannelInfo, Member } from './message-bus.ts';
import { systemPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { PresenceTable } from './presence.ts';
import type { Presence } from './presence.ts';
import { LogAdmin } from './log-admin.ts';
import type { HostAdmin } from './host-admin.ts';
import { LogReader } from './reader.ts';
import { Cell } from './store.ts';
import type { Store } from './store.ts';
import type { Will } from './will.ts';
import { Wills } from './wills.ts';
import type { Testament } from './wills.ts';

/** Turns a verdict into what a sender hears. */
function receiptOf(verdict: Verdict): Receipt {
  if (verdict.kind === 'refused')
    throw busError(verdict.code, verdict.why, { retryable: verdict.code === 'STORAGE_FULL' });
  return { logId: verdict.logId, offset: verdict.offset, known: verdict.kind === 'known' };
}

/** Tells when a client is gone. */
export type Watch = (clientId: string, gone: () => void) => void;

export class LogHost implements Host {
  readonly log: Log;
  /** Whoever uses this host without a link. */
  readonly clientId: string;
  readonly status: Cell<BusStatus>;
  readonly events: Events = new Events();
  readonly #byChannel = new Map<string, Set<LogReader>>();
  readonly #patterns = new Set<LogReader>();
  readonly #unfollow: () => void;
  readonly #groups: GroupKeeper;
  readonly #wills: Wills;
  readonly #erasures: Erasures;
  /** Clients of the host before that are waited for. */
  readonly #isGone = new Map<string, boolean>();
  #watch: Watch = (_clientId, gone) => gone();
  readonly #presence = new PresenceTable();
  readonly #mourners = new Set<(notice: DeadNotice) => void>();
  readonly #admin: HostAdmin;
  #members = 0;

  constructor(
    log: Log,
    status: Pick<BusStatus, 'host' | 'why' | 'durability'> & Partial<BusStatus>,
    platform: Platform = systemPlatform,
  ) {
    this.log = log;
    this.#wills = new Wills(log);
    this.#erasures = new Erasures(log, platform);
    this.clientId = clientName(log, platform);
    if (isShared(log)) this.#shareWith(log);
    const home: GroupHome = {
      log,
      platform,
      open: (request, sink) => this.open(request, sink),
      watch: (clientId) => this.#watchFor(clientId),
      failed: (error) => this.events.emit('error', error),
      died: (letter) => void this.#died(letter).catch(() => undefined),
    };
    this.#groups = isShared(log) ? log.groups(home) : new Groups(home);
    this.#admin = new LogAdmin(log, this.#groups, () => this.events.counts);
    this.status = new Cell<BusStatus>({ tabs: 1, outbox: 0, sync: 'off', ...status });
    const unfollow = log.follow((blocks) => this.#appended(blocks));
    const miss = log.early?.follow((early, after) => {
      for (const reader of this.#readersOf(early.block.header.channelId)) reader.early(early, after);
    });
    this.#unfollow = () => {
      unfollow();
      miss?.();
    };
  }

  get encoded(): boolean {
    return this.log.encoded;
  }

  async push(
    block: Block,
    ack: Ack,
    testament?: Testament,
    push?: Push,
    clientId: string = push?.clientId ?? this.clientId,
  ): Promise<Receipt> {
    const entry: Append = { block, flush: ack === 'flushed', ...(push !== undefined && { push }) };
    const [verdict] =
      testament === undefined ? await this.log.append([entry]) : await this.#wills.append(entry, clientId, testament);
    return receiptOf(verdict as Verdict);
  }

  setWill(will: Will, clientId: string = this.clientId): void {
    this.#wills.set(clientId, will).catch((error: unknown) => this.#willFailed(error));
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

  /** A client is gone for good, however it went: what it left behind is put in order. */
  gone(clientId: string): void {
    this.log.forget(clientId);
    this.#groups.gone(clientId);
    this.#presence.gone(clientId);
    this.#wills.execute(clientId).catch((error: unknown) => this.#willFailed(error));
  }

  /** A client is not reached: nobody sees it, but what it has in hand stays its own. */
  away(clientId: string): void {
    this.#presence.gone(clientId);
  }

  presence(channelId: string): Store<readonly Member[]> {
    return this.#presence.members(channelId);
  }

  setPresence(channelId: string, userId: string, presence: Presence): void {
    this.say(this.clientId, channelId, userId, presence);
  }

  say(clientId: string, channelId: string, userId: string, presence: Presence): void {
    this.#presence.say(clientId, channelId, userId, presence);
  }

  /**
   * Looks for what clients of the host before left behind. `watch` is to call back when such a client is gone, at once if it is
   * gone already; in a process that has the log for itself all of them are.
   */
  async recover(watch: Watch = this.#watch): Promise<void> {
    this.#watch = watch;
    for (const clientId of await this.#wills.clients()) this.#watchFor(clientId);
    await this.#erasures.recover().catch((cause: unknown) => {
      this.events.emit('error', busError('HOST_LOST', `A deletion was not finished: ${describe(cause)}`, { cause }));
    });
  }

  join(request: JoinRequest, sink: MemberSink): Membership {
    return this.joinFor(this.clientId, ++this.#members, request, sink, []);
  }

  /** `member` numbers the members of a client; `held` is what it has in hand since before this host was there. */
  joinFor(
    clientId: string,
    member: number,
    request: JoinRequest,
    sink: MemberSink,
    held: readonly Ref[],
  ): HostMembership {
    return this.#groups.join(clientId, `${clientId}/${member}`, request, sink, held);
  }

  onDeadLetter(listener: (notice: DeadNotice) => void): () => void {
    this.#mourners.add(listener);
    return () => void this.#mourners.delete(listener);
  }

  admin(): Promise<HostAdmin> {
    return Promise.resolve(this.#admin);
  }

  /** The last offset of a channel that nothing needs any more but its readers. */
  floor(channelId: string): Promise<number> {
    return this.#groups.floor(channelId);
  }

  page(channelId: string, after: number, limit: number): Promise<Page> {
    return this.log.read(channelId, after, limit);
  }

  async channels(pattern: string): Promise<readonly ChannelInfo[]> {
    const descriptions = await descriptionsIn(this.log);
    const names = [...new Set([...(await this.log.channels()), ...descriptions.keys()])].filter(matcher(pattern));
    return Promise.all(
      names.map(async (channelId) => ({
        ...descriptions.get(channelId),
        channelId,
        ...(await this.log.head(channelId)),
      })),
    );
  }

  async erase(channelId: string, offset: number, id: string, author: string): Promise<void> {
    await this.#erasures.erase(channelId, offset, id, author);
    await this.#groups.erased(channelId, offset);
  }

  async clear(channelId: string, upTo: Position, author: string): Promise<void> {
    await this.#erasures.clear(channelId, upTo, author);
    const { first } = await this.log.head(channelId);
    await this.#groups.cleared(channelId, first - 1);
  }

  close(): Promise<void> {
    this.#groups.close();
    this.#unfollow();
    this.status.set({ ...this.status.getSnapshot(), host: 'closed' });
    return this.log.close();
  }

  /** Clients of other processes live as long as these do. */
  #shareWith(log: SharedLog): void {
    this.#watch = (clientId, gone) => {
      // Who lives is looked for again when the next process is gone.
      log.isGone(clientId).then(
        (isGone) => (isGone ? gone() : this.#isGone.delete(clientId)),
        () => this.#isGone.delete(clientId),
      );
    };
    log.onGone(() => void this.recover().catch((error: unknown) => this.#willFailed(error)));
  }

  #watchFor(clientId: string): void {
    if (clientId === this.clientId) return;
    // Its groups may be looked at long after its wills were.
    if (this.#isGone.get(clientId) === true) this.gone(clientId);
    if (this.#isGone.has(clientId)) return;
    this.#isGone.set(clientId, false);
    this.#watch(clientId, () => {
      this.#isGone.set(clientId, true);
      this.gone(clientId);
    });
  }

  async #died({ group, channelId, offset, reason }: DeadRecord): Promise<void> {
    if (this.#mourners.size === 0) return;
    const [block] = (await this.log.read(channelId, offset - 1, 1)).blocks;
    if (block !== undefined) for (const told of this.#mourners) told({ group, reason, offset, block });
  }

  #willFailed(cause: unknown): void {
    this.events.emit('error', busError('HOST_LOST', `A will was not kept: ${describe(cause)}`, { cause }));
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
