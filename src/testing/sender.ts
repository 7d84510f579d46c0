// Test data as real senders make it: encoded blocks, cut by the code that cuts everybody's.

import { Batch, encodeItem } from '../core/batch.ts';
import type { Shared } from '../core/batch.ts';
import type { Block, Header, IdentifiedBlock } from '../core/block.ts';
import { IdSource } from '../core/id.ts';
import { itemOf } from '../core/message.ts';
import { randomName, systemPlatform } from '../core/platform.ts';

const ids = new IdSource(systemPlatform);

/** A block of these contents; with a key it holds one message. */
export function blockOf(channelId: string, contents: readonly unknown[], key?: string): Block {
  const shared: Shared = {
    channelId,
    serverId: 'local',
    authorId: 'tester',
    authorName: undefined,
    priority: undefined,
    ttl: undefined,
    traceparent: undefined,
    ack: 'stored',
    ephemeral: false,
  };
  const now = systemPlatform.now();
  const batch = new Batch(shared, key, ids, now);
  for (const content of contents) {
    const item = itemOf({ channelId, content }, false);
    const buffers: Uint8Array[] = [];
    batch.name(item, now);
    batch.add(item, encodeItem(item, buffers), buffers);
  }
  return batch.seal();
}

/** A block with an identity: as another log, or a hub, would hand it on. */
export function identified(block: Block, producerId: string, sequence: number): IdentifiedBlock {
  const blockId = randomName(systemPlatform);
  return { ...block, header: { ...block.header, producerId, sequence, blockId } };
}

/** Fills a place in a producer's sequence and holds no message. */
export function skipOf(channelId: string, producerId: string, sequence: number): IdentifiedBlock {
  const { header } = blockOf(channelId, [null]);
  const skip: Header = { ...header, kind: 'skip', count: 0 };
  return identified({ header: skip, json: '[]' }, producerId, sequence);
}
