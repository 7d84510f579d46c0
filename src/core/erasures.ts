// Deleting and clearing, beside the log: a control block tells every reader, and the content goes from disk. What is to be
// done is on record first, so that the next host ends what this one had begun.

import { firstOffset, messagesOf } from './block.ts';
import type { Block, Header, StoredBlock } from './block.ts';
import { cut } from './cut.ts';
import { busError } from './errors.ts';
import { IdSource } from './id.ts';
import type { Log, Position, Records } from './log.ts';
import type { Platform } from './platform.ts';

interface Erasure {
  readonly channelId: string;
  readonly offset: number;
  readonly id: string;
  readonly author: string;
}

interface Clearing {
  readonly channelId: string;
  /** All up to here goes, and what came after it but before the control block. */
  readonly upTo: number;
}

const erasing = 'erase:';
const clearing = 'clear:';

function holds(block: StoredBlock, offset: number, id: string): boolean {
  return messagesOf(block, block.offset).some((message) => message.offset === offset && message.id === id);
}

export class Erasures {
  readonly #log: Log;
  readonly #platform: Platform;
  readonly #ids: IdSource;
  /** One at a time: two messages of one block must not bring each other back. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(log: Log, platform: Platform) {
    this.#log = log;
    this.#platform = platform;
    this.#ids = new IdSource(platform);
  }

  /** Harmless when the message is gone already: nobody is told again. */
  erase(channelId: string, offset: number, id: string, author: string): Promise<void> {
    return this.#next(async () => {
      if ((await this.#find(channelId, offset, id)) === undefined) return;
      const erasure: Erasure = { channelId, offset, id, author };
      const name = `${erasing}${channelId}:${offset}`;
      await this.#log.save([[name, erasure]]);
      await this.#erase(name, erasure);
    });
  }

  /** Harmless when it was done already: nobody is told again, and what came since stays. */
  clear(channelId: string, { logId, offset }: Position, author: string): Promise<void> {
    return this.#next(async () => {
      const { logId: own, first, head } = await this.#log.head(channelId);
      const upTo = Math.min(offset, head);
      const [block] = (await this.#log.read(channelId, first - 1, 1)).blocks;
      if (block === undefined || own !== logId || first > upTo) return;
      if (block.offset === upTo && block.header.control === 'clear') return;
      const name = `${clearing}${channelId}`;
      const cleared: Clearing = { channelId, upTo };
      const isSaid = (await this.#nextClear(channelId, upTo)) !== undefined;
      if (!isSaid) await this.#say(channelId, 'clear', author, {}, [[name, cleared]]);
      await this.#clear(name, cleared);
    });
  }

  /** Ends what a host before had begun. */
  recover(): Promise<void> {
    return this.#next(async () => {
      for (const [name, erasure] of await this.#log.records(erasing)) await this.#erase(name, erasure as Erasure);
      for (const [name, cleared] of await this.#log.records(clearing)) await this.#clear(name, cleared as Clearing);
    });
  }

  #next(task: () => Promise<void>): Promise<void> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #erase(name: string, { channelId, offset, id, author }: Erasure): Promise<void> {
    const block = await this.#find(channelId, offset, id);
    if (block !== undefined) await this.#log.replace(cut(block, offset));
    await this.#say(channelId, 'delete', author, { id, offset }, [[name, undefined]]);
  }

  async #clear(name: string, { channelId, upTo }: Clearing): Promise<void> {
    const said = await this.#nextClear(channelId, upTo);
    await this.#log.trim(channelId, said === undefined ? upTo : firstOffset(said) - 1);
    await this.#log.save([[name, undefined]]);
  }

  /** The block that holds this message. */
  async #find(channelId: string, offset: number, id: string): Promise<StoredBlock | undefined> {
    const [block] = (await this.#log.read(channelId, offset - 1, 1)).blocks;
    return block !== undefined && holds(block, offset, id) ? block : undefined;
  }

  /** The next control block that clears, after this offset. */
  async #nextClear(channelId: string, offset: number): Promise<StoredBlock | undefined> {
    for (let after = offset; ;) {
      const [block] = (await this.#log.read(channelId, after, 1)).blocks;
      if (block === undefined || block.header.control === 'clear') return block;
      after = block.offset;
    }
  }

  async #say(
    channelId: string,
    control: 'delete' | 'clear',
    author: string,
    content: { readonly id?: string; readonly offset?: number },
    records: Records,
  ): Promise<void> {
    const header: Header = {
      v: 1,
      kind: 'control',
      control,
      channelId,
      serverId: 'local',
      authorId: author,
      count: 1,
      firstId: this.#ids.next(),
      createdAt: this.#platform.now(),
      codec: this.#log.encoded ? 'json' : 'items',
    };
    const items = [{ content }];
    const block: Block = this.#log.encoded ? { header, json: JSON.stringify(items) } : { header, items };
    const [verdict] = await this.#log.append([{ block, records }]);
    if (verdict?.kind === 'refused') throw busError(verdict.code, verdict.why, { retryable: true });
  }
}
