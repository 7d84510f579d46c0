// What operators ask of a host, beside its log: rare calls, none of which a message waits for.

import type { StoredBlock } from './block.ts';
import { channelPrefix } from './channel-records.ts';
import { busError } from './errors.ts';
import type { GroupKeeper } from './group-keeper.ts';
import type { ArchivedBlock, DeadRecord, HostAdmin } from './host-admin.ts';
import type { Append, Log } from './log.ts';
import type { ChannelDescription, GroupInfo } from './message-bus.ts';

/** The log that it comes to makes it its own, under the name that it has. */
function appendOf({ header: { blockId, ...header }, ...body }: ArchivedBlock): Append {
  return { block: { header, ...body }, blockId };
}

export class LogAdmin implements HostAdmin {
  readonly #log: Log;
  readonly #groups: GroupKeeper;
  readonly #counts: () => ReadonlyMap<string, number>;
  /** The blocks of the channel that was imported to last. */
  #last: { readonly channelId: string; readonly blockIds: Set<string> } | undefined;
  #importing: Promise<unknown> = Promise.resolve();

  constructor(log: Log, groups: GroupKeeper, counts: () => ReadonlyMap<string, number>) {
    this.#log = log;
    this.#groups = groups;
    this.#counts = counts;
  }

  async describe(channelId: string, info: ChannelDescription): Promise<void> {
    const name = `${channelPrefix}${channelId}`;
    const before = (await this.#log.records(name)).get(name) as ChannelDescription | undefined;
    await this.#log.save([[name, { ...before, ...info }]]);
  }

  groups(channelId?: string): Promise<readonly GroupInfo[]> {
    return this.#groups.list(channelId);
  }

  deadLetters(group?: string): Promise<readonly DeadRecord[]> {
    return this.#groups.deadLetters(group);
  }

  redrive(letters: readonly DeadRecord[]): Promise<number> {
    return this.#groups.redrive(letters);
  }

  discard(letters: readonly DeadRecord[]): Promise<number> {
    return this.#groups.discard(letters);
  }

  importBlocks(channelId: string, blocks: readonly ArchivedBlock[], begins: boolean): Promise<readonly boolean[]> {
    // One after the other: two imports of the same file must see each other.
    const imported = this.#importing.then(() => this.#import(channelId, blocks, begins));
    this.#importing = imported.catch(() => undefined);
    return imported;
  }

  async stats(): Promise<{ readonly [name: string]: number }> {
    const channels = await this.#log.channels();
    const heads = await Promise.all(channels.map((channelId) => this.#log.head(channelId)));
    return {
      ...Object.fromEntries(this.#counts()),
      channels: channels.length,
      messages: heads.reduce((sum, { first, head }) => sum + head - first + 1, 0),
      bytes: heads.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }

  async #import(channelId: string, blocks: readonly ArchivedBlock[], begins: boolean): Promise<readonly boolean[]> {
    const last = begins ? undefined : this.#last;
    // Until all of it is stored, nobody knows what is there.
    this.#last = undefined;
    const there = last?.channelId === channelId ? last.blockIds : await this.#blocksIn(channelId);
    const fresh = blocks.filter(({ header: { blockId } }) => !there.has(blockId) && there.add(blockId));
    const verdicts = await this.#log.append(fresh.map((block) => appendOf(block)));
    const refused = verdicts.find((verdict) => verdict.kind === 'refused');
    if (refused !== undefined) throw busError(refused.code, refused.why, { retryable: true });
    this.#last = { channelId, blockIds: there };
    const stored = new Set(fresh.filter((_, at) => verdicts[at]?.kind === 'stored'));
    return blocks.map((block) => stored.has(block));
  }

  async #blocksIn(channelId: string): Promise<Set<string>> {
    const ids = new Set<string>();
    for (let after = 0; ;) {
      const { blocks } = await this.#log.read(channelId, after, 4096);
      for (const { header } of blocks) ids.add(header.blockId);
      const last: StoredBlock | undefined = blocks.at(-1);
      if (last === undefined) return ids;
      after = last.offset;
    }
  }
}
