// A log that processes of one machine share through a folder: no server, no lock. Each channel is a journal of its own, which
// a person can read with `tail -f`.

import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sizeOf } from '../../core/block.ts';
import type { StoredBlock } from '../../core/block.ts';
import { busError, describe, isBusError } from '../../core/errors.ts';
import type { GroupHome, GroupKeeper, SharedLog } from '../../core/group-keeper.ts';
import type { Append, ChannelHead, Page, Records, Verdict } from '../../core/log.ts';
import { randomName, reportError, systemPlatform } from '../../core/platform.ts';
import { blockLine } from './block-line.ts';
import { isFullDisk, prepared, troubleIn } from './directory.ts';
import { FileGroups } from './file-groups.ts';
import type { GroupChange, GroupProposal, GroupResult } from './group-proposal.ts';
import { Journal } from './journal.ts';
import type { Line } from './line.ts';
import { channelOf, folderOf } from './names.ts';
import { Processes } from './processes.ts';
import type { Settled } from './proposals.ts';
import { newestIn, Stamps, surplusIn } from './records.ts';
import { onceThereIsRoom } from './room.ts';

export interface FileLogOptions {
  readonly directory: string;
  /** Bytes after which a journal goes on in its next file. Default 4 MB. */
  readonly segmentSize?: number;
  /** How often, in milliseconds, it is looked whether others have written, where nobody says so. Default 200. */
  readonly poll?: number;
  /** Told what nobody waits for: `LOG_DAMAGED` once for each file. Default: a warning of the process, `BuslineWarning`. */
  readonly onError?: (error: unknown) => void;
}

const megabyte = 1024 * 1024;
const pageMessages = 2048;

export class FileLog implements SharedLog {
  readonly kind = 'file';
  readonly encoded = true;
  readonly storeId: string = randomName(systemPlatform);
  readonly #folder: string;
  readonly #options: Required<FileLogOptions>;
  readonly #journals = new Map<string, Promise<Journal>>();
  readonly #opened = new Map<string, Journal>();
  readonly #processes: Processes;
  readonly #groups = new Set<FileGroups>();
  /** What was proposed and is not settled. */
  readonly #pending = new Set<Promise<unknown>>();
  readonly #followers = new Set<(blocks: readonly StoredBlock[]) => void>();
  #watcher: FSWatcher | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #stamps: Stamps = new Stamps(this.storeId);
  /** By how much the latest moment that was read is ahead of `performance.now()`. */
  #ahead: number = Date.now() - performance.now();
  #isClosing = false;

  /** Rejects with `NETWORK_DIRECTORY`, `DIRECTORY_DENIED` or `STORAGE_FULL` where a log cannot be. */
  static async open(options: FileLogOptions): Promise<FileLog> {
    const log = new FileLog(options);
    await prepared(options.directory, () => log.#open()).catch(async (error: unknown) => {
      await log.close();
      throw error;
    });
    return log;
  }

  private constructor({ directory, segmentSize = 4 * megabyte, poll = 200, onError = warn }: FileLogOptions) {
    this.#options = { directory, segmentSize, poll, onError };
    this.#folder = join(directory, 'channels');
    this.#processes = new Processes(join(directory, 'processes'), this.storeId);
  }

  append(entries: readonly Append[]): Promise<readonly Verdict[]> {
    return this.#told(() => Promise.all(entries.map((entry) => this.#append(entry))));
  }

  read(channelId: string, after: number, limit: number): Promise<Page> {
    return this.#told(async () => {
      const journal = await this.#known(channelId);
      if (journal === undefined) return { logId: '', first: 1, head: 0, bytes: 0, blocks: [] };
      const blocks = await journal.read(after, limit);
      return Object.assign({}, journal.head, { blocks });
    });
  }

  head(channelId: string): Promise<ChannelHead> {
    return this.#told(async () => (await this.#known(channelId))?.head ?? { logId: '', first: 1, head: 0, bytes: 0 });
  }

  async channels(): Promise<readonly string[]> {
    const all = await this.#told(() => this.#all());
    return [...all].flatMap(([name, journal]) => (journal.head.head > 0 && name !== beside ? [name] : []));
  }

  follow(listener: (blocks: readonly StoredBlock[]) => void): () => void {
    const own = (blocks: readonly StoredBlock[]): void => listener(blocks);
    this.#followers.add(own);
    return () => void this.#followers.delete(own);
  }

  groups(home: GroupHome): GroupKeeper {
    const groups = new FileGroups(
      {
        storeId: this.storeId,
        now: () => this.#now(),
        fold: (channelId, group) => {
          const journal = this.#opened.get(channelId);
          if (journal === undefined) return undefined;
          const found = journal.groups.get(group);
          return { head: journal.head.head, ...(found && { group: found }) };
        },
        at: (channelId) =>
          this.#told(async () => {
            const journal = await this.#known(channelId);
            await journal?.advance();
            const found = journal?.groups.names.flatMap((name) => journal.groups.get(name) ?? []);
            return { head: journal?.head.head ?? 0, groups: found ?? [] };
          }),
        propose: (channelId, group, change) => this.#told(() => this.#proposeOf(channelId, group, change)),
        beside: (prefix) => this.#told(() => this.#beside(prefix)),
        dead: (storeIds) => this.#processes.dead(storeIds),
      },
      home,
    );
    this.#groups.add(groups);
    return groups;
  }

  async isGone(clientId: string): Promise<boolean> {
    return (await this.#processes.dead([clientId.split('.', 1)[0] as string])).length > 0;
  }

  onGone(listener: () => void): void {
    this.#processes.onGone(listener);
  }

  records(prefix: string): Promise<ReadonlyMap<string, unknown>> {
    return this.#told(async () => newestIn([...(await this.#all()).values()], prefix));
  }

  async save(records: Records): Promise<void> {
    if (records.length === 0) return;
    const id = randomName(systemPlatform);
    const stamped = this.#stamps.stamp(records);
    const line = { proposal: { t: 'records', id, records: stamped }, body: '' } as const;
    const { verdict } = await this.#told(() => this.#propose(beside, line));
    if (verdict?.kind === 'refused') throw busError(verdict.code, verdict.why, { retryable: true });
    if (this.#stamps.isTime()) this.#tidy().catch(() => undefined);
  }

  forget(clientId: string): void {
    // A channel that is being opened now is one that nobody has pushed to yet.
    for (const [channelId, journal] of this.#opened) {
      if (!journal.knows(clientId)) continue;
      const id = randomName(systemPlatform);
      const line = { proposal: { t: 'forget', id, clientId }, body: '' } as const;
      this.#propose(channelId, line).catch(() => undefined);
    }
  }

  trim(channelId: string, upTo: number): Promise<void> {
    return this.#told(() => this.#trim(channelId, upTo));
  }

  replace(block: StoredBlock): Promise<void> {
    return this.#told(() => this.#replace(block));
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#watcher?.close();
    clearInterval(this.#timer);
    await Promise.allSettled(this.#pending);
    this.#followers.clear();
    for (const journal of this.#journals.values())
      await journal.then(
        (opened) => opened.close(),
        () => undefined,
      );
    await this.#processes.close();
  }

  async #trim(channelId: string, upTo: number): Promise<void> {
    const journal = await this.#known(channelId);
    if (journal === undefined) return;
    for (;;) {
      await journal.advance();
      const { first, head } = journal.head;
      let [last, bytes] = [first - 1, 0];
      for (let isEnd = false; !isEnd && last < head;) {
        const blocks = await journal.read(last, pageMessages);
        isEnd = blocks.length === 0;
        for (const block of blocks) {
          if (block.offset > upTo) isEnd = true;
          if (isEnd) break;
          last = block.offset;
          bytes += sizeOf(block);
        }
      }
      if (last < first) return;
      const id = randomName(systemPlatform);
      const { verdict } = await this.#propose(channelId, {
        proposal: { t: 'trim', id, from: first, upTo: last, bytes },
        body: '',
      });
      if (verdict?.kind === 'refused') throw busError(verdict.code, verdict.why, { retryable: true });
      // Others may have dropped a part of it at the same time.
      if (journal.head.first > last) return journal.retire();
    }
  }

  async #replace(block: StoredBlock): Promise<void> {
    const { header, logId, offset } = block;
    const journal = await this.#known(header.channelId);
    if (journal?.head.logId !== logId || offset < journal.head.first) return;
    const before = (await journal.read(offset - 1, 1))[0];
    if (before?.offset !== offset || before.header.blockId !== header.blockId || 'items' in block) return;
    await journal.replace(block);
  }

  /** What goes wrong there leaves the log as an error of the bus. */
  async #told<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (cause) {
      if (isBusError(cause)) throw cause;
      // What was under way finds its files closed.
      if (this.#isClosing) throw closed();
      if ((cause as NodeJS.ErrnoException | undefined)?.syscall === undefined) throw cause;
      const error = troubleIn(this.#options.directory, cause);
      if (isBusError(error)) throw error;
      const what = `The log in ${this.#options.directory} cannot be used: ${describe(cause)}.`;
      throw busError('HOST_LOST', what, { cause, accepted: 'unknown' });
    }
  }

  async #open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await this.#processes.open();
    this.#processes.onRevived(() => {
      for (const groups of this.#groups) groups.revived().catch(() => undefined);
    });
    await this.#discover(true);
    const look = (): void => void this.#discover().catch(() => undefined);
    try {
      this.#watcher = watch(this.#folder, { persistent: false }, look);
      this.#watcher.on('error', () => undefined);
    } catch {
      // It is polled.
    }
    this.#timer = setInterval(look, this.#options.poll);
    this.#timer.unref();
  }

  /** Channels that others have made. What is in them when this log is opened is old. */
  async #discover(isOld = false): Promise<void> {
    const folders = await foldersIn(this.#folder);
    if (this.#isClosing) return;
    const opened = folders.flatMap((name) => {
      const channelId = name === beside ? beside : channelOf(name);
      return channelId === undefined ? [] : [this.#journal(channelId, isOld).catch(nothingIfFull)];
    });
    await Promise.all(opened);
  }

  async #all(): Promise<ReadonlyMap<string, Journal>> {
    await this.#discover();
    await Promise.all([...this.#journals.values()].map((journal) => journal.catch(nothingIfFull)));
    return this.#opened;
  }

  /** Takes away what is only there to hide what is gone. */
  async #tidy(): Promise<void> {
    for (const journal of (await this.#all()).values()) await journal.advance();
    const surplus = surplusIn([...this.#opened.values()]);
    for (const [channelId, journal] of this.#opened) {
      const records = surplus.get(journal);
      const id = randomName(systemPlatform);
      if (records !== undefined) await this.#propose(channelId, { proposal: { t: 'drop', id, records }, body: '' });
    }
  }

  #known(channelId: string): Promise<Journal | undefined> | undefined {
    return this.#journals.get(channelId);
  }

  #journal(channelId: string, isOld = false): Promise<Journal> {
    let journal = this.#journals.get(channelId);
    if (journal === undefined) {
      if (this.#isClosing) return Promise.reject(closed());
      this.#journals.set(channelId, (journal = this.#openJournal(channelId, isOld)));
      // There was no room, or no right: it may be tried again.
      journal.catch(() => this.#journals.delete(channelId));
    }
    return journal;
  }

  async #openJournal(channelId: string, isOld: boolean): Promise<Journal> {
    const { segmentSize, poll, onError } = this.#options;
    const folder = join(this.#folder, channelId === beside ? beside : folderOf(channelId));
    const journal = new Journal(folder, {
      channelId,
      segmentSize,
      poll,
      isOld,
      onBlocks: (blocks) => this.#tell(blocks),
      onGroup: (changed) => {
        this.#ahead = Math.max(this.#ahead, journal.groups.now - performance.now());
        if (this.#opened.get(channelId) !== journal) return;
        for (const groups of this.#groups) {
          if (changed === undefined) groups.missed(channelId);
          else groups.changed(channelId, changed.name, changed.result);
        }
      },
      onStamp: (stamp) => this.#stamps.seen(stamp),
      onError,
    });
    await journal.open().catch(async (error: unknown) => {
      await journal.close();
      throw troubleIn(folder, error);
    });
    this.#ahead = Math.max(this.#ahead, journal.groups.now - performance.now());
    this.#opened.set(channelId, journal);
    return journal;
  }

  async #beside(prefix: string): Promise<ReadonlyMap<string, unknown>> {
    return newestIn([await this.#journal(beside)], prefix);
  }

  /** A clock for all: steady, and never behind what another process has told. */
  #now(): number {
    // Rounded up, what is read back of it would drive it on.
    return Math.floor(performance.now() + this.#ahead);
  }

  async #propose(channelId: string, line: Line, flush = false): Promise<Settled> {
    if (this.#isClosing) throw closed();
    const settled = this.#journal(channelId).then((journal) => journal.propose(line, flush));
    this.#pending.add(settled);
    try {
      return await settled;
    } finally {
      this.#pending.delete(settled);
    }
  }

  /** A group goes on when there is room again. */
  async #proposeOf(channelId: string, group: string, change: GroupChange): Promise<GroupResult | undefined> {
    if (this.#known(channelId) === undefined) return undefined;
    const tried = async (): Promise<GroupResult | undefined> => {
      const id = randomName(systemPlatform);
      const at = new Date(this.#now()).toISOString();
      const proposal = { t: 'group', at, group, ...change, id } as GroupProposal;
      const { verdict, result } = await this.#propose(channelId, { proposal, body: '' });
      if (verdict?.kind === 'refused') throw busError(verdict.code, verdict.why, { retryable: true });
      return result;
    };
    return onceThereIsRoom(tried, () => this.#isClosing);
  }

  #tell(blocks: readonly StoredBlock[]): void {
    for (const follower of this.#followers) {
      try {
        follower(blocks);
      } catch (error) {
        reportError(error);
      }
    }
  }

  async #append({ block, push, flush = false, jump, records = [], blockId }: Append): Promise<Verdict> {
    const { channelId } = block.header;
    const line = blockLine(block, {
      by: this.storeId,
      head: this.#opened.get(channelId)?.head.head ?? 0,
      blockId,
      push,
      jump,
      records: this.#stamps.stamp(records),
    });
    try {
      // A repeated identity in flight is a record of its own.
      return (await this.#propose(channelId, line, flush)).verdict as Verdict;
    } catch (error) {
      if (!isBusError(error) || error.code !== 'STORAGE_FULL') throw error;
      return { kind: 'refused', code: 'STORAGE_FULL', why: 'There is no room for the channel.', isFull: true };
    }
  }
}

function closed(): Error {
  return busError('CLOSED', 'The log is closed.');
}

/** A journal that a full disk does not let begin has nothing in it. */
function nothingIfFull(error: unknown): void {
  if (!isFullDisk(error)) throw error;
}

/** Nobody waits for it, and it ends no process. */
function warn(error: unknown): void {
  process.emitWarning(describe(error), { type: 'BuslineWarning' });
}

/** With those of long names, which go on in folders below. */
async function foldersIn(folder: string, above = ''): Promise<readonly string[]> {
  const folders: string[] = [];
  for (const name of await readdir(join(folder, above))) {
    if (name.endsWith('+')) folders.push(...(await foldersIn(folder, `${above}${name}/`).catch(() => [])));
    else folders.push(`${above}${name}`);
  }
  return folders;
}

/** Where records lie that belong to no block: no channel is called so, for its folder is no name of one. */
const beside = '.beside';
