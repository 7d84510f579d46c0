// A block as an entry of a stream: text that a person can read in redis-cli. Only the header and the body are JSON; what the
// append rule looks at has fields of its own.

import { identified, storedAt } from '../../core/block.ts';
import { sizeOf } from '../../core/block.ts';
import type { Block, IdentifiedBlock, StoredBlock } from '../../core/block.ts';

/** Field names and values, one after the other. */
export type Fields = readonly string[];

function isIdentified(block: Block): block is IdentifiedBlock {
  return 'producerId' in block.header;
}

/** The header without identity, and the body. */
export function fieldsOf(block: Block): Fields {
  if ('items' in block) throw new TypeError('A block must be encoded before it leaves the process.');
  const { json, buffers = [] } = block;
  const header = isIdentified(block)
    ? Object.assign({}, block.header, { producerId: undefined, sequence: undefined, blockId: undefined })
    : block.header;
  const more = buffers.flatMap((buffer, at) => [`bytes${at}`, Buffer.from(buffer).toString('base64')]);
  return ['header', JSON.stringify(header), 'body', json, ...more];
}

export interface Place {
  readonly logId: string;
  readonly offset: number;
  readonly appendedAt: number;
  readonly sequence: number;
}

/** The block that was given to be appended, where it was appended. */
export function placed(block: Block, producerId: string, blockId: string, at: Place): StoredBlock {
  const { logId, offset, appendedAt, sequence } = at;
  return storedAt(identified(block, { producerId, sequence, blockId }), logId, offset, appendedAt);
}

/** Throws if it is nothing that this package wrote. */
export function blockOf(logId: string, offset: number, fields: Fields): StoredBlock {
  const values = new Map<string, string>();
  for (let at = 0; at + 1 < fields.length; at += 2) values.set(fields[at] as string, fields[at + 1] as string);
  const value = (name: string): string => {
    const found = values.get(name);
    if (found === undefined) throw new TypeError(`An entry without "${name}".`);
    return found;
  };
  // Not spread: this is done for each block of every reader.
  const header = Object.assign(JSON.parse(value('header')) as StoredBlock['header'], {
    producerId: value('producer'),
    sequence: Number(value('sequence')),
    blockId: value('block'),
  });
  const buffers: Uint8Array[] = [];
  for (let bytes; (bytes = values.get(`bytes${buffers.length}`)) !== undefined;)
    buffers.push(new Uint8Array(Buffer.from(bytes, 'base64')));
  const body = { json: value('body'), ...(buffers.length > 0 && { buffers }) };
  return { header, ...body, logId, offset, appendedAt: Number(value('at')) };
}

/** Whether a group has to look at it twice: what it says, or how urgent it is. */
export function markOf({ header: { kind, priority = 'normal' } }: Block): string {
  return kind === 'control' ? kind : priority === 'normal' ? '' : priority;
}

/** The whole entry of a stored block, as the append script writes it. */
export function entryOf(block: StoredBlock): Fields {
  const { producerId, sequence, blockId, count, keys } = block.header;
  const key = keys?.[0];
  return [
    'producer',
    producerId,
    'sequence',
    String(sequence),
    'block',
    blockId,
    'at',
    String(block.appendedAt),
    'count',
    String(count),
    'size',
    String(sizeOf(block)),
    ...(key === undefined ? [] : ['key', key]),
    ...fieldsOf(block),
  ];
}
