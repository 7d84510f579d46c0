// What stands in the place of blocks that are lost: a producer's sequence must not have a gap.

import { identified } from '../../core/block.ts';
import type { Append } from '../../core/log.ts';
import { randomName } from '../../core/platform.ts';
import type { Platform } from '../../core/platform.ts';
import { skipHeader } from '../skip-header.ts';

/** For the sequences from `from` to `to`. */
export function skips(
  channelId: string,
  producerId: string,
  { from, to }: { readonly from: number; readonly to: number },
  platform: Platform,
): readonly Append[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => {
    const identity = { producerId, sequence: from + at, blockId: randomName(platform) };
    const block = identified({ header: skipHeader(channelId, 0, platform.now()), json: '[]' }, identity);
    return { block };
  });
}
