import type { IdentifiedBlock, StoredBlock } from '../../core/block.ts';

/** As its producer made it: its place in the spill is nobody's. */
export function plain({ logId: _logId, offset: _offset, appendedAt: _at, ...block }: StoredBlock): IdentifiedBlock {
  return block;
}
