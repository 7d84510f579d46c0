// What all logs of the model are: blocks in a list, and the append rule.

import { advanced, decide, newProducer } from '../../src/core/append-rule.ts';
import type { ProducerState } from '../../src/core/append-rule.ts';
import { storedAt } from '../../src/core/block.ts';
import type { IdentifiedBlock, StoredBlock } from '../../src/core/block.ts';
import type { Append, ChannelHead, Verdict } from '../../src/core/log.ts';

export class ModelChannel {
  logId: string;
  head = 0;
  first = 1;
  blocks: StoredBlock[] = [];
  producers = new Map<string, ProducerState>();

  constructor(logId: string) {
    this.logId = logId;
  }

  append({ block, jump }: Append, now: number): Verdict {
    const { header } = block as IdentifiedBlock;
    const state = this.producers.get(header.producerId) ?? newProducer;
    const decision = decide(state, header);
    if (decision.kind === 'duplicate') return { kind: 'known', logId: this.logId, offset: decision.offset };
    if (decision.kind === 'CONFLICT') return { kind: 'refused', code: 'CONFLICT', why: 'another one' };
    if (decision.kind === 'GAP' && jump !== true)
      return { kind: 'refused', code: 'GAP', why: `at ${state.sequence}, not ${header.sequence - 1}` };
    if (header.kind !== 'skip') {
      this.head += header.count;
      this.blocks.push(storedAt(block as IdentifiedBlock, this.logId, this.head, now));
    }
    this.producers.set(header.producerId, advanced(state, header, this.head));
    return { kind: 'stored', logId: this.logId, offset: this.head };
  }

  get at(): ChannelHead {
    const isEmpty = this.head === 0;
    return { logId: isEmpty ? '' : this.logId, first: this.first, head: this.head, bytes: 0 };
  }

  after(offset: number): readonly StoredBlock[] {
    return this.blocks.filter((block) => block.offset > offset);
  }

  copy(): ModelChannel {
    const copy = new ModelChannel(this.logId);
    copy.head = this.head;
    copy.first = this.first;
    copy.blocks = [...this.blocks];
    copy.producers = new Map(this.producers);
    return copy;
  }
}
