// A process that was not there when the others agreed on what Redis holds. What it appended itself, and is not there, it
// appends again, under the same identity and so in order; those who have seen it here do not get it twice.

import type { StoredBlock } from '../../core/block.ts';
import { answersOf } from './answers.ts';
import { argumentsOf } from './arguments.ts';
import type { Asker } from './connection.ts';
import { epochKey, keysOf, recordsKey } from './keys.ts';
import type { RecoveryPart } from './recovery-part.ts';
import { appendScript, said } from './scripts.ts';

export async function comeLate(part: RecoveryPart, ask: Asker, identity: string): Promise<void> {
  for (const [channelId, blocks] of part.held.blocks) {
    const seen = part.seen().get(channelId);
    const same = blocks.filter(({ logId }) => logId === seen?.logId);
    const own = same.filter(({ header }) => header.producerId === part.storeId);
    const ends = [...same.slice(-1), ...own.slice(-1)];
    const there = await Promise.all(ends.map((block) => isThere(ask, block)));
    if (there.every(Boolean)) continue;
    await appendAgain(part, ask, identity, own);
    await tellOverlap(part, ask, same);
  }
}

/** Whether it lies where it lay. Whatever was trimmed was there. */
async function isThere(ask: Asker, { header, logId, offset }: StoredBlock): Promise<boolean> {
  const { log, meta, replaced } = keysOf(header.channelId);
  const at = String(offset);
  const [id, first] = (await ask.command(['HMGET', meta, 'id', 'first'])) as (string | null)[];
  if (id !== logId) return false;
  if (Number(first ?? 1) > offset || Number(await ask.command(['HEXISTS', replaced, at])) === 1) return true;
  const [entry] = (await ask.command(['XRANGE', log, at, at])) as readonly (readonly [string, readonly string[]])[];
  const fields = entry?.[1] ?? [];
  return fields[fields.indexOf('block') + 1] === header.blockId;
}

async function appendAgain(
  part: RecoveryPart,
  ask: Asker,
  identity: string,
  own: readonly StoredBlock[],
): Promise<void> {
  for (const block of own) {
    const { channelId, blockId, producerId } = block.header;
    const { log, meta, marks, bell } = keysOf(channelId);
    const before = [block.logId, bell, part.storeId, '0', '', identity];
    const args = [...before, ...argumentsOf({ block }, producerId, blockId)];
    const answer = await ask.run(appendScript, [log, meta, recordsKey, marks, epochKey], args);
    const [, text = ''] = (answer ?? []) as readonly string[];
    if (answersOf(text).verdicts[0]?.kind === said.stored) part.again(blockId);
  }
}

/** Others have appended where this process has seen something else, if no room was left. */
async function tellOverlap(part: RecoveryPart, ask: Asker, blocks: readonly StoredBlock[]): Promise<void> {
  const last = blocks.at(-1) as StoredBlock;
  const { channelId } = last.header;
  const [entry] = (await ask.command([
    'XRANGE',
    keysOf(channelId).log,
    String(last.offset),
    '+',
    'COUNT',
    '1',
  ])) as readonly (readonly [string, readonly string[]])[];
  const fields = entry?.[1] ?? [];
  // A skip stands for what was seen only here.
  if (entry === undefined || fields[fields.indexOf('producer') + 1] === 'busline') return;
  let known = 0;
  for (const block of blocks) if (await isThere(ask, block)) known = block.offset;
  if (known < last.offset) part.lost({ channelId, from: known + 1, to: last.offset });
}
