// What is appended, by anyone, told to this process's followers: each channel in its order, without gap or double. A bell
// that follows on is delivered as it comes; any other, and every doubt, is a reason to read.

import type { StoredBlock } from '../../core/block.ts';
import { firstOffset } from '../../core/block.ts';
import type { Page } from '../../core/log.ts';
import { reportError } from '../../core/platform.ts';
import { blocksOfBell } from './answers.ts';

type Listener = (blocks: readonly StoredBlock[]) => void;

interface Cursor {
  logId: string;
  offset: number;
  /** Somebody said that there is more than this process has told. */
  head: number;
  pulling: Promise<void> | undefined;
}

const pageMessages = 2048;

export class Following {
  readonly #read: (channelId: string, after: number, limit: number) => Promise<Page>;
  readonly #onTold: Listener;
  readonly #listeners = new Set<Listener>();
  readonly #cursors = new Map<string, Cursor>();
  readonly #passed = new Set<string>();
  #isClosed = false;

  constructor(read: (channelId: string, after: number, limit: number) => Promise<Page>, onTold: Listener) {
    this.#read = read;
    this.#onTold = onTold;
  }

  follow(listener: Listener): () => void {
    const own: Listener = (blocks) => listener(blocks);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Everything up to here was there before anybody followed. */
  begin(channelId: string, logId: string, head: number): void {
    if (!this.#cursors.has(channelId)) this.#cursors.set(channelId, { logId, offset: head, head, pulling: undefined });
  }

  /** How far everything was told. */
  get seen(): ReadonlyMap<string, { readonly logId: string; readonly offset: number }> {
    return this.#cursors;
  }

  /** Somebody else rang: who, the logId, the head, and what was appended, if it is small. */
  rang(channelId: string, text: string): void {
    const [, logId = '', head, answers = '', ...args] = text.split('\0');
    const offset = Number(head);
    if (logId === '' || !Number.isSafeInteger(offset)) return;
    if (answers !== '') this.appended(channelId, blocksOfBell(logId, answers, args));
    this.reached(channelId, logId, offset).catch(() => undefined);
  }

  /** These were appended; not a word is lost if they are told by nobody. */
  appended(channelId: string, blocks: readonly StoredBlock[]): void {
    const cursor = this.#cursor(channelId);
    if (cursor.pulling === undefined) this.#tell(cursor, blocks);
  }

  /** Resolves when everything up to there was told. */
  async reached(channelId: string, logId: string, head: number): Promise<void> {
    const cursor = this.#cursor(channelId);
    if (cursor.logId !== logId && cursor.logId !== '') {
      // Another log is there: all of it is new.
      cursor.offset = 0;
      cursor.head = 0;
    }
    cursor.logId = logId;
    cursor.head = Math.max(cursor.head, head);
    if (cursor.offset >= head) return;
    cursor.pulling ??= this.#pull(channelId, cursor).finally(() => (cursor.pulling = undefined));
    await cursor.pulling;
  }

  /** This one was told before, from another place: it is told without what it says. */
  passOver(blockId: string): void {
    this.#passed.add(blockId);
  }

  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
  }

  #cursor(channelId: string): Cursor {
    let cursor = this.#cursors.get(channelId);
    if (cursor === undefined)
      this.#cursors.set(channelId, (cursor = { logId: '', offset: 0, head: 0, pulling: undefined }));
    return cursor;
  }

  async #pull(channelId: string, cursor: Cursor): Promise<void> {
    while (cursor.offset < cursor.head && !this.#isClosed) {
      const { logId, head, first, blocks } = await this.#read(channelId, cursor.offset, pageMessages);
      if (logId !== cursor.logId) {
        cursor.logId = logId;
        cursor.offset = 0;
        cursor.head = head;
        continue;
      }
      cursor.head = Math.max(head, blocks.length === 0 ? 0 : cursor.head);
      // Whoever wanted what was trimmed is told by its reader.
      if (blocks.length === 0) cursor.offset = head;
      else if (cursor.offset < first - 1) cursor.offset = first - 1;
      this.#tell(cursor, blocks);
    }
  }

  /** Those of them that follow on, from the first that is not known. */
  #tell(cursor: Cursor, blocks: readonly StoredBlock[]): void {
    const news: StoredBlock[] = [];
    for (const block of blocks) {
      if (cursor.logId !== '' && block.logId !== cursor.logId) break;
      if (block.offset <= cursor.offset) continue;
      // A skip may begin before what was seen, by those who alone have seen it.
      if (firstOffset(block) > cursor.offset + 1) break;
      cursor.logId = block.logId;
      cursor.offset = block.offset;
      news.push(block);
    }
    if (news.length === 0) return;
    this.#onTold(news);
    const told = news.map((block) => (this.#passed.has(block.header.blockId) ? emptied(block) : block));
    for (const listener of this.#listeners) {
      try {
        listener(told);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

function emptied({ header, logId, offset, appendedAt }: StoredBlock): StoredBlock {
  return { header, logId, offset, appendedAt, json: '[]' };
}
