// Another body in the place of a stored block, whoever else puts one there at the same time.

import { createHash } from 'node:crypto';
import { sizeOf } from '../../core/block.ts';
import type { Block, StoredBlock } from '../../core/block.ts';
import { withoutDeleted } from '../without-deleted.ts';
import { fieldsOf } from './entry.ts';
import { keysOf } from './keys.ts';
import type { Pages } from './pages.ts';
import { replaceScript } from './scripts.ts';
import type { Server } from './server.ts';

const isOther = 2;

export async function replace(server: Server, pages: Pages, block: StoredBlock): Promise<void> {
  const { header, logId, offset } = block;
  const { log, meta, replaced } = keysOf(header.channelId);
  for (;;) {
    const [before] = (await pages.read(header.channelId, offset - 1, 1)).blocks;
    if (before?.offset !== offset || before.logId !== logId || before.header.blockId !== header.blockId) return;
    const after = withoutDeleted(block, before);
    const about = [logId, String(offset), header.blockId, String(sizeOf(after)), digest(before)];
    const answer = await server.run(replaceScript, [log, meta, replaced], [...about, ...fieldsOf(after)]);
    if (Number(answer) !== isOther) return;
  }
}

function digest(block: Block): string {
  return createHash('sha1')
    .update('json' in block ? block.json : '')
    .digest('hex');
}
