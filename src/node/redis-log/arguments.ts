// What is to be appended, as the append script takes it.

import { sizeOf } from '../../core/block.ts';
import type { IdentifiedBlock } from '../../core/block.ts';
import type { Append } from '../../core/log.ts';
import { encodedRecord } from '../record-text.ts';
import { fieldsOf, markOf } from './entry.ts';

export function argumentsOf(
  { block, push, records = [] }: Append,
  producerId: string,
  blockId: string,
): readonly string[] {
  const { count, kind, keys } = block.header;
  const { sequence = 0 } = block.header as Partial<IdentifiedBlock['header']>;
  const fields = fieldsOf(block);
  return [
    producerId,
    String(sequence),
    blockId,
    String(count),
    kind === 'skip' ? '1' : '0',
    keys?.[0] ?? '',
    push?.clientId ?? '',
    String(push?.n ?? 0),
    String(sizeOf(block)),
    markOf(block),
    String(records.length),
    String(fields.length),
    ...records.flatMap(([name, value]) => [name, encodedRecord(value)]),
    ...fields,
  ];
}
