// A log that processes of one machine share through a folder: no server, no lock. Each channel is a journal of its own, which
// a person can read with `tail -f`.

import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sizeOf } from '../../core/block.ts';
import type { Block, IdentifiedBlock, StoredBlock } from '../../core/block.ts';
import type { Append, ChannelHead, Log, Page, Records, Verdict } from '../../core/log.ts';
import { randomName, reportError, systemPlatform } from '../../core/platform.ts';
import { Journal } from './journal.ts';
import type { Line, Stamped } from './line.ts';
import { channelOf, folderOf } from './names.ts';
import { decodedRecord, encodedRecord } from '../record-text.ts';

export interface FileLogOptions {
  readonly directory: string;
  /** Bytes after which a journal goes on in its next file. Default 4 MB. */
  readonly segmentSize?: number;
  /** How often, in milliseconds, it is looked whether others have written, where nobody says so. Default 200. */
  readonly poll?: number;
}

const megabyte = 1024 * 1024;
const pageMessages = 2048;

function isIdentified(block: Block): block is IdentifiedBlock {
  return 'producerId' in block.header;
}

export class FileLog implements Log {
  readonly kind = 'file';
  readonly encoded = true;
  readonly storeId: string = randomName(systemPlatform);
  readonly #folder: string;
  readonly #options: Required<FileLogOptions>;
  readonly #journals = new Map<string, Promise<Journal>>();
  readonly #followers = new Set<(blocks: readonly StoredBlock[]) => void>();
  #watcher: FSWatcher | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #stamped = 0;

  static async open(options: FileLogOptions): Promise<FileLog> {
    const log = new FileLog(options);
    await log.#open();
    return log;
  }

  private constructor({ directory, segmentSize = 4 * megabyte, poll = 200 }: FileLogOptions) {
    this.#options = { directory, segmentSize, poll };
    this.#folder = join(directory, 'channels');
  }

  append(entries: readonly Append[]): Promise<readonly Verdict[]> {
    return Promise.all(entries.map((entry) => this.#append(entry)));
  }

  async read(channelId: string, after: number, limit: number): Promise<Page> {
    const journal = await this.#known(channelId);
    if (journal === undefined) return { logId: '', first: 1, head: 0, bytes: 0, blocks: [] };
    const blocks = await journal.read(after, limit);
    return { ...journal.head, blocks };
  }

  async head(channelId: string): Promise<ChannelHead> {
    return (await this.#known(channelId))?.head ?? { logId: '', first: 1, head: 0, bytes: 0 };
  }

  async channels(): Promise<readonly string[]> {
    await this.#discover();
    const all = await Promise.all([...this.#journals].map(async ([name, journal]) => [name, await journal] as const));
    return all.flatMap(([name, journal]) => (journal.head.head > 0 && name !== beside ? [name] : []));
  }

  follow(listener: (blocks: readonly StoredBlock[]) => void): () => void {
    const own = (blocks: readonly StoredBlock[]): void => listener(blocks);
    this.#followers.add(own);
    return () => void this.#followers.delete(own);
  }

  async records(prefix: string): Promise<ReadonlyMap<string, unknown>> {
    await this.#discover();
    const newest = new Map<string, readonly [stamp: string, value?: unknown]>();
    for (const journal of await Promise.all(this.#journals.values())) {
      await journal.advance();
      for (const [name, record] of journal.records) {
        const before = newest.get(name);
        if (name.startsWith(prefix) && (before === undefined || before[0] < record[0])) newest.set(name, record);
      }
    }
    const found = [...newest].filter(([, record]) => record.length > 1);
    return new Map(found.map(([name, [, value]]) => [name, decodedRecord(value as string)]));
  }

  async save(records: Records): Promise<void> {
    if (records.length === 0) return;
    const id = randomName(systemPlatform);
    const stamped = this.#stamp(records);
    const journal = await this.#journal(beside);
    await journal.propose(id, { proposal: { t: 'records', id, records: stamped }, body: '' });
  }

  forget(clientId: string): void {
    for (const journal of this.#journals.values()) {
      const id = randomName(systemPlatform);
      void journal
        .then((opened) => opened.propose(id, { proposal: { t: 'forget', id, clientId }, body: '' }))
        .catch(() => undefined);
    }
  }

  async trim(channelId: string, upTo: number): Promise<void> {
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
      await journal.propose(id, { proposal: { t: 'trim', id, from: first, upTo: last, bytes }, body: '' });
      if (journal.head.first > first) return;
    }
  }

  async replace(block: StoredBlock): Promise<void> {
    const { header, logId, offset } = block;
    const journal = await this.#known(header.channelId);
    if (journal?.head.logId !== logId || offset < journal.head.first) return;
    const before = (await journal.read(offset - 1, 1))[0];
    if (before?.offset !== offset || before.header.blockId !== header.blockId || 'items' in block) return;
    const id = randomName(systemPlatform);
    const bytes = block.buffers?.map((buffer) => Buffer.from(buffer).toString('base64'));
    const body = { block: header.blockId, json: block.json, ...(bytes && { bytes }) };
    const more = sizeOf(block) - sizeOf(before);
    await journal.propose(id, { proposal: { t: 'replace', id, offset, bytes: more, body }, body: '' });
  }

  async close(): Promise<void> {
    this.#watcher?.close();
    clearInterval(this.#timer);
    this.#followers.clear();
    for (const journal of this.#journals.values()) await (await journal).close();
  }

  async #open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
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
    const names = await readdir(this.#folder);
    const opened = names.flatMap((name) => {
      const channelId = name === beside ? beside : channelOf(name);
      return channelId === undefined ? [] : [this.#journal(channelId, isOld)];
    });
    await Promise.all(opened);
  }

  #known(channelId: string): Promise<Journal | undefined> | undefined {
    return this.#journals.get(channelId);
  }

  #journal(channelId: string, isOld = false): Promise<Journal> {
    let journal = this.#journals.get(channelId);
    if (journal === undefined) this.#journals.set(channelId, (journal = this.#openJournal(channelId, isOld)));
    return journal;
  }

  async #openJournal(channelId: string, isOld: boolean): Promise<Journal> {
    const { segmentSize, poll } = this.#options;
    const folder = join(this.#folder, channelId === beside ? beside : folderOf(channelId));
    const journal = new Journal(folder, {
      segmentSize,
      poll,
      isOld,
      onBlocks: (blocks) => this.#tell(blocks),
      onError: reportError,
    });
    await journal.open();
    return journal;
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

  async #append({ block, push, flush = false, records = [], blockId: given }: Append): Promise<Verdict> {
    const { channelId } = block.header;
    const blockId = isIdentified(block) ? block.header.blockId : (given ?? randomName(systemPlatform));
    const line = this.#line(block, blockId, push, this.#stamp(records));
    const journal = await this.#journal(channelId);
    // A repeated identity in flight is a record of its own.
    const verdict = await journal.propose(blockId, line, flush);
    return verdict as Verdict;
  }

  #line(block: Block, blockId: string, push: Append['push'], records: Stamped): Line {
    if ('items' in block) throw new TypeError('A block must be encoded before it leaves the process.');
    const { json, buffers } = block;
    const { producerId, sequence, blockId: _blockId, ...header } = block.header as IdentifiedBlock['header'];
    return {
      proposal: {
        t: 'block',
        producer: producerId ?? this.storeId,
        ...(sequence !== undefined && { sequence }),
        block: blockId,
        at: systemPlatform.now(),
        header,
        ...(push !== undefined && { push: [push.clientId, push.n] as const }),
        ...(records.length > 0 && { records }),
        ...(buffers !== undefined && { bytes: buffers.map((bytes) => Buffer.from(bytes).toString('base64')) }),
      },
      body: json,
    };
  }

  /** Later ones are greater, also where they lie in other journals. */
  #stamp(records: Records): Stamped {
    return records.map(([name, value]) => {
      this.#stamped = Math.max(this.#stamped + 1, systemPlatform.now() * 1000);
      const stamp = `${String(this.#stamped).padStart(20, '0')} ${this.storeId}`;
      return value === undefined ? [name, stamp] : [name, stamp, encodedRecord(value)];
    });
  }
}

/** Where records lie that belong to no block: no channel is called so, for its folder is no name of one. */
const beside = '.beside';
