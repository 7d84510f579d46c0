// What one process has seen of a channel: what is home in its order, and before that, early, what lies in the spill. A block
// comes early only if it is the next of its producer; any other waits, and comes by its place.

import type { IdentifiedBlock, StoredBlock } from '../../core/block.ts';
import type { ChannelHead, Early, Page, Seen } from '../../core/log.ts';
import type { ProducerTable } from './home.ts';

/** So many early blocks are kept for readers that are behind; they get the others by their places. */
const mostKept = 4096;

export class View {
  #logId = '';
  #first = 1;
  #bytes = 0;
  /** How far home was told. */
  #offset = 0;
  /** How far some reader is, who need not wait until it is told. */
  #readUpTo = 0;
  /** The sequence of the last block of each producer that was told, either way. */
  readonly #last = new Map<string, number>();
  /** What was told early and is not home yet. */
  readonly #ahead = new Map<string, number>();
  #kept: Early[] = [];
  /** What is known of producers holds up to there: before that nothing can be said to be the next. */
  #knownUpTo = Infinity;

  /** Everything up to this head was there before. */
  begin({ head: { logId, first, bytes, head }, last }: ProducerTable): void {
    this.#logId = logId;
    this.#first = first;
    this.#bytes = bytes;
    if (this.#offset === 0) this.#offset = head;
    this.#knownUpTo = head;
    for (const [producerId, sequence] of last) this.#reached(producerId, sequence);
  }

  get head(): ChannelHead {
    const at = {
      logId: this.#logId,
      first: this.#first,
      head: Math.max(this.#offset, this.#readUpTo),
      bytes: this.#bytes,
    };
    return this.#ahead.size === 0 ? at : { ...at, seen: this.seen };
  }

  /** Some reader has these already. */
  read({ logId, blocks }: Page): void {
    if (logId === this.#logId) this.#readUpTo = Math.max(this.#readUpTo, blocks.at(-1)?.offset ?? 0);
  }

  /** What readers that begin now have behind them, beyond the head. */
  get seen(): Seen {
    return Object.fromEntries(this.#ahead);
  }

  get early(): { readonly blocks: readonly Early[]; readonly after: number } {
    return { blocks: this.#kept, after: this.#offset };
  }

  last(producerId: string): number {
    return this.#last.get(producerId) ?? 0;
  }

  /** It has its place. */
  home({ header: { producerId, sequence }, logId, offset }: StoredBlock): void {
    if (logId !== this.#logId) this.#startOver(logId);
    this.#offset = offset;
    this.#reached(producerId, sequence);
    if ((this.#ahead.get(producerId) ?? Infinity) <= sequence) this.#ahead.delete(producerId);
    if (this.#kept.length > 0) this.#kept = this.#kept.filter(({ block }) => !isPast(block, producerId, sequence));
  }

  /** It lies in the spill; answers what is to be told of it. */
  spilled(block: IdentifiedBlock): Early | undefined {
    const { producerId, sequence } = block.header;
    if (this.#offset < this.#knownUpTo || sequence !== this.last(producerId) + 1) return undefined;
    const early = { block, previous: this.#ahead.get(producerId) ?? 0 };
    this.#last.set(producerId, sequence);
    this.#ahead.set(producerId, sequence);
    this.#kept.push(early);
    if (this.#kept.length > mostKept) this.#kept.shift();
    return early;
  }

  #reached(producerId: string, sequence: number): void {
    if (sequence > this.last(producerId)) this.#last.set(producerId, sequence);
  }

  /** Home was lost: what comes is another log. */
  #startOver(logId: string): void {
    this.#logId = logId;
    this.#first = 1;
    this.#readUpTo = 0;
    this.#knownUpTo = 0;
  }
}

function isPast({ header }: IdentifiedBlock, producerId: string, sequence: number): boolean {
  return header.producerId === producerId && header.sequence <= sequence;
}
