// What is appended, by anyone, told to this process's followers: each channel in its order, without gap or double. A bell
// that follows on is delivered as it comes; any other, and every doubt, is a reason to read.

import type { StoredBlock } from '../../core/block.ts';
import { firstOffset } from '../../core/block.ts';
import type { Page } from '../../core/log.ts';
import { reportError } from '../../core/platform.ts';
import { blockOf } from './entry.ts';

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
  readonly #listeners = new Set<Listener>();
  readonly #cursors = new Map<string, Cursor>();
  #isClosed = false;

  constructor(read: (channelId: string, after: number, limit: number) => Promise<Page>) {
    this.#read = read;
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

  get channels(): readonly string[] {
    return [...this.#cursors.keys()];
  }

  /** Somebody else rang: who, the logId, the head, and what was appended, if it is small. */
  rang(channelId: string, text: string): void {
    const [, logId = '', head, ...entries] = text.split('\0');
    const offset = Number(head);
    if (logId === '' || !Number.isSafeInteger(offset)) return;
    this.appended(channelId, decoded(logId, entries));
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
      if (firstOffset(block) !== cursor.offset + 1) {
        if (block.offset <= cursor.offset) continue;
        break;
      }
      cursor.logId = block.logId;
      cursor.offset = block.offset;
      news.push(block);
    }
    if (news.length === 0) return;
    for (const listener of this.#listeners) {
      try {
        listener(news);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

function decoded(logId: string, parts: readonly string[]): readonly StoredBlock[] {
  const blocks: StoredBlock[] = [];
  try {
    for (let at = 0; at < parts.length;) {
      const count = Number(parts[at + 1]);
      blocks.push(blockOf(logId, Number(parts[at]), parts.slice(at + 2, at + 2 + count)));
      at += 2 + count;
    }
  } catch {
    // Nobody has to believe a bell: what it could not tell is read from the log.
  }
  return blocks;
}
