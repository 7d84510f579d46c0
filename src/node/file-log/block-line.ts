// A block as the record that proposes it.

import type { Block, Header, Identity } from '../../core/block.ts';
import type { Push } from '../../core/log.ts';
import { randomName, systemPlatform } from '../../core/platform.ts';
import type { Stamped } from './checkpoint.ts';
import type { BlockProposal, Line } from './line.ts';

interface Beside {
  /** The process that proposes it. */
  readonly by: string;
  readonly head: number;
  readonly blockId: string | undefined;
  readonly push: Push | undefined;
  readonly jump: boolean | undefined;
  readonly records: Stamped;
}

/** What stands beside the header. */
const unidentified = { producerId: undefined, sequence: undefined, blockId: undefined };

export function blockLine(
  block: Block<Header & Partial<Identity>>,
  { by, head, push, jump, records, blockId: given }: Beside,
): Line {
  if ('items' in block) throw new TypeError('A block must be encoded before it leaves the process.');
  const { json, buffers } = block;
  const { producerId, sequence, blockId = given ?? randomName(systemPlatform) } = block.header;
  // Nothing is spread for each block: see `identified`.
  const proposal: { -readonly [K in keyof BlockProposal]: BlockProposal[K] } = {
    t: 'block',
    at: new Date(systemPlatform.now()).toISOString(),
    producer: producerId ?? by,
    block: blockId,
    head,
    header: producerId === undefined ? block.header : Object.assign({}, block.header, unidentified),
  };
  if (sequence !== undefined) proposal.sequence = sequence;
  if (producerId !== undefined) proposal.by = by;
  if (push !== undefined) proposal.push = [push.clientId, push.n];
  if (jump === true) proposal.jump = true;
  if (records.length > 0) proposal.records = records;
  if (buffers !== undefined) proposal.bytes = buffers.map((bytes) => Buffer.from(bytes).toString('base64'));
  return { proposal, body: json };
}
