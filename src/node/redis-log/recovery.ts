// Redis may come back with less than it had acknowledged: an older copy was restored, or a replica took over that had not got
// all. Whoever finds another server than before gives it what it still holds, before anybody appends; what is put in its place
// so has the same offsets as before, and nobody notices. It is waited for all processes that are known, but not for long.

import { firstOffset, sizeOf } from '../../core/block.ts';
import type { StoredBlock } from '../../core/block.ts';
import { randomName, systemPlatform } from '../../core/platform.ts';
import { skipHeader } from '../skip-header.ts';
import type { Asker } from './connection.ts';
import { entryOf, markOf } from './entry.ts';
import { catalogue, epochKey, keysOf, processesKey, processKey, rescuedKey, waitingKey } from './keys.ts';
import { comeLate } from './latecomer.ts';
import { lifetime } from './processes.ts';
import type { Loss, RecoveryPart } from './recovery-part.ts';
import { countMark, openScript, rescueScript } from './rescue-scripts.ts';

/** How long it is waited for processes that have not given what they hold, in milliseconds, and how often it is looked. */
const patience = 3000;
const lookEvery = 30;
/** Offsets that are left free for what only those know who were waited for in vain. */
const room = 100_000;
/** Blocks that are given at once. */
const mostBlocks = 64;
/** How long it is believed that a process waits that has said so, in milliseconds. */
const waitsFor = 500;

export class Recovery {
  readonly #part: RecoveryPart;
  /** The server that it has given to what it holds. */
  #agreed = '';
  /** Where it said last that it waits for the others, and when. */
  #waits: { readonly identity: string; readonly at: number } | undefined;

  constructor(part: RecoveryPart) {
    this.#part = part;
  }

  /** Resolves when this server holds all that can be had. */
  async recover(ask: Asker, identity: string): Promise<void> {
    await this.#letGo(identity);
    if (this.#agreed === identity && (await ask.command(['GET', epochKey])) === identity) return;
    await this.#beat(ask);
    await ask.command(['SADD', processesKey, this.#part.storeId, ...this.#part.others()]);
    if (await this.#give(ask, identity)) await this.#agree(ask, identity);
    else await comeLate(this.#part, ask, identity);
    this.#waits = undefined;
    this.#agreed = identity;
  }

  /** Whoever has said that it waits there, and goes to another server, would append here what they do not know there. */
  async #letGo(identity: string): Promise<void> {
    if (this.#waits === undefined || this.#waits.identity === identity) return;
    const left = this.#waits.at + 2 * waitsFor - performance.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
    this.#waits = undefined;
  }

  async #agree(ask: Asker, identity: string): Promise<void> {
    const waiting = (storeId: string): string => waitingKey(identity, storeId);
    for (const until = performance.now() + patience; ;) {
      this.#waits = { identity, at: performance.now() };
      await ask.command(['SET', waiting(this.#part.storeId), '1', 'PX', String(waitsFor)]);
      if ((await ask.command(['GET', epochKey])) === identity) return;
      const all = [...((await ask.command(['SMEMBERS', processesKey])) as Iterable<string>)];
      const there = await Promise.all(all.map((storeId) => ask.command(['EXISTS', waiting(storeId)])));
      const absent = all.filter((_, at) => Number(there[at]) === 0);
      if (absent.length === 0 || performance.now() > until)
        return this.#open(ask, identity, await this.#mayLive(ask, absent));
      await new Promise((resolve) => setTimeout(resolve, lookEvery));
      await this.#beat(ask);
    }
  }

  /** Whether one of them was there shortly before, and may know more. */
  async #mayLive(ask: Asker, absent: readonly string[]): Promise<boolean> {
    const lives = await Promise.all(absent.map((storeId) => ask.command(['EXISTS', processKey(storeId)])));
    return lives.some((isThere) => Number(isThere) === 1);
  }

  async #beat(ask: Asker): Promise<void> {
    await ask.command(['SET', processKey(this.#part.storeId), '1', 'PX', String(lifetime)]);
  }

  /** False if the others have not waited for it. */
  async #give(ask: Asker, identity: string): Promise<boolean> {
    if ((await ask.command(['GET', epochKey])) === identity) return false;
    const held = this.#part.held.blocks;
    for (const [channelId, { logId, offset }] of this.#part.seen()) {
      const { meta } = keysOf(channelId);
      // What lies under a name of ours and is not ours harms nobody else.
      if (logId === '' || offset === 0 || (await ask.command(['TYPE', meta])) === 'string') continue;
      const [id, head] = (await ask.command(['HMGET', meta, 'id', 'head'])) as (string | null)[];
      if ((id !== null && id !== logId) || Number(head ?? 0) >= offset) continue;
      await ask.command(['SADD', catalogue, channelId]);
      await ask.command(['SADD', rescuedKey, channelId]);
      const missing = (held.get(channelId) ?? []).filter(
        (block) => block.logId === logId && block.offset > Number(head ?? 0),
      );
      for (let at = 0; at === 0 || at < missing.length; at += mostBlocks) {
        const blocks = missing
          .slice(at, at + mostBlocks)
          .flatMap((block) => [String(firstOffset(block)), given(block)]);
        const args = [identity, logId, String(offset), ...blocks];
        if ((await ask.run(rescueScript, rescueKeys(channelId), args)) === null) return false;
      }
    }
    return true;
  }

  async #open(ask: Asker, identity: string, isSomebodyAbsent: boolean): Promise<void> {
    for (const channelId of (await ask.command(['SMEMBERS', rescuedKey])) as Iterable<string>) {
      const args = [identity, isSomebodyAbsent ? String(room) : '0', randomName(systemPlatform)];
      const now = systemPlatform.now();
      const answer = await ask.run(openScript, rescueKeys(channelId), [...args, String(now), skipText(channelId, now)]);
      const skipped = ((answer ?? []) as readonly string[]).map(Number);
      for (let at = 0; at + 1 < skipped.length; at += 2)
        this.#part.lost({ channelId, from: skipped[at] as number, to: skipped[at + 1] as number });
    }
    await ask.command(['SET', epochKey, identity]);
    await ask.command(['DEL', rescuedKey]);
  }
}

function rescueKeys(channelId: string): readonly string[] {
  const { log, meta, marks, rescue } = keysOf(channelId);
  return [log, meta, marks, rescue, epochKey];
}

/** As the script takes it. */
function given(block: StoredBlock): string {
  const { producerId, sequence, blockId, keys } = block.header;
  const about = [
    producerId,
    String(sequence),
    blockId,
    String(block.offset),
    markOf(block),
    keys?.[0] ?? '',
    String(sizeOf(block)),
    String(block.appendedAt),
  ];
  return JSON.stringify([...about, ...entryOf(block)]);
}

function skipText(channelId: string, now: number): string {
  return JSON.stringify(skipHeader(channelId, 0, now)).replace('"count":0', `"count":${countMark}`);
}

/** Unless somebody else wants to be told. */
export function reportLoss({ channelId, from, to }: Loss): void {
  process.emitWarning(
    `Redis was set back, and nobody holds messages ${from} to ${to} of "${channelId}" any more: they are lost.`,
    {
      type: 'BuslineWarning',
      detail: 'Set "appendonly yes" on all servers, and send with ack "flushed" what must survive.',
    },
  );
}
