// What stands in the place of blocks that are lost: a producer's sequence must not have a gap.

import type { IdentifiedBlock } from '../../core/block.ts';
import type { Append } from '../../core/log.ts';
import { randomName } from '../../core/platform.ts';
import type { Platform } from '../../core/platform.ts';

/** For the sequences from `from` to `to`. */
export function skips(
  channelId: string,
  producerId: string,
  { from, to }: { readonly from: number; readonly to: number },
  platform: Platform,
): readonly Append[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => {
    const block: IdentifiedBlock = {
      header: {
        v: 1,
        kind: 'skip',
        channelId,
        serverId: 'local',
        authorId: 'busline',
        count: 0,
        firstId: '',
        createdAt: platform.now(),
        codec: 'json',
        producerId,
        sequence: from + at,
        blockId: randomName(platform),
      },
      json: '[]',
    };
    return { block };
  });
}
