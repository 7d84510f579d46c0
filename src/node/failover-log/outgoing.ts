// What one producer sends to one channel: home, and from its first block that home did not take in time to the spill only,
// until all that it has spilled is home. Each block has its identity before it goes anywhere, so it may go both ways.

import { rememberedBlocks } from '../../core/append-rule.ts';
import { identified } from '../../core/block.ts';
import type { IdentifiedBlock } from '../../core/block.ts';
import { isIdentified } from '../../core/ledger.ts';
import type { Append, Log, Verdict } from '../../core/log.ts';
import { randomName } from '../../core/platform.ts';
import type { Platform } from '../../core/platform.ts';
import { deferred } from '../deferred.ts';
import type { Deferred } from '../deferred.ts';

type Refusal = Extract<Verdict, { kind: 'refused' }>;

interface Item {
  readonly entry: Append;
  readonly told: Deferred<Verdict>;
  /** As it goes out; nothing before. */
  block: IdentifiedBlock | undefined;
  /** Where it is on its way to now. */
  at: 'home' | 'spill' | undefined;
  since: number;
  /** How many answers may still come: with none, nobody has stored it. */
  open: number;
}

export interface OutgoingPart {
  readonly channelId: string;
  readonly producerId: string;
  /** Whether this process numbers the blocks. */
  readonly isOwn: boolean;
  readonly home: Pick<Log, 'append'>;
  readonly spill: Pick<Log, 'append'>;
  readonly platform: Platform;
  /** Milliseconds that home may take. */
  readonly patience: number;
  /** Whether home is there; for how long it has been away, in milliseconds. */
  readonly away: () => number;
  /** Home lacks what it had acknowledged: nobody has it any more. */
  readonly fill: (upTo: number) => Promise<void>;
}

/** So little is left in the spill that it is worth waiting until all of it is home. */
const nearly = 64;
const pause = 50;

export class Outgoing {
  readonly #part: OutgoingPart;
  /** What is not acknowledged, in order. */
  #items: Item[] = [];
  #mode: 'home' | 'spill' | 'turning' = 'home';
  /** The last that was acknowledged, by whomever; that lies in the spill; that is home. */
  #acknowledged = 0;
  #spilled = 0;
  #home = 0;
  /** Since when it waits for the rest of the spill to be home, and how much of it was then. */
  #turning = { since: 0, home: -1 };
  #cancelLook: (() => void) | undefined;
  #isFilling = false;
  #isPaused = false;

  constructor(part: OutgoingPart) {
    this.#part = part;
  }

  append(entry: Append): Promise<Verdict> {
    const told = deferred<Verdict>();
    this.#items.push({ entry, told, block: undefined, at: undefined, since: 0, open: 0 });
    if (this.#mode === 'home' && this.#part.away() >= this.#part.patience) this.#turnAway();
    this.#pump();
    return told.promise;
  }

  /** Home has what this producer sent, up to this sequence. */
  reached(sequence: number): void {
    this.#home = Math.max(this.#home, sequence);
    this.look();
  }

  /** Home came or went, or it is time to look. */
  look(): void {
    const { away, platform } = this.#part;
    const isAway = away() > 0;
    const left = this.#spilled - this.#home;
    // Home may be there and take nothing.
    if (this.#mode === 'turning' && (isAway || this.#isLate(this.#turning.since))) this.#mode = 'spill';
    if (this.#mode === 'spill' && !isAway && left <= nearly && this.#home > this.#turning.home) {
      this.#mode = 'turning';
      this.#turning = { since: platform.elapsed(), home: this.#home };
    }
    const isSpilling = this.#items.some(({ at }) => at === 'spill');
    if (this.#mode === 'turning' && !isSpilling && this.#home >= this.#spilled) this.#mode = 'home';
    const [first] = this.#items;
    if (this.#mode === 'home' && first?.at === 'home' && this.#isLate(first.since)) this.#turnAway();
    this.#pump();
  }

  #turnAway(): void {
    this.#mode = 'spill';
    // Home has to take something before it is worth another try.
    this.#turning = { since: 0, home: this.#home };
    // They may be home; under the same identity they are not stored there twice.
    for (const item of this.#items) item.at = undefined;
  }

  #pump(): void {
    if (this.#mode !== 'turning' && !this.#isFilling && !this.#isPaused) {
      let onTheWay = 0;
      for (const item of this.#items) {
        if (onTheWay >= rememberedBlocks) break;
        if (item.at === undefined) this.#send(item);
        onTheWay += 1;
      }
    }
    this.#lookLater();
  }

  #lookLater(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    const [first] = this.#items;
    const isWaited = this.#mode === 'home' ? first?.at === 'home' : this.#mode === 'turning';
    if (first === undefined || !isWaited) return;
    const { platform, patience } = this.#part;
    const since = this.#mode === 'home' ? first.since : this.#turning.since;
    const left = Math.max(1, patience - (platform.elapsed() - since));
    this.#cancelLook = platform.timer(left, () => this.look());
  }

  #isLate(since: number): boolean {
    return this.#part.platform.elapsed() - since >= this.#part.patience;
  }

  #send(item: Item): void {
    const place = this.#mode === 'home' ? 'home' : 'spill';
    item.at = place;
    item.since = this.#part.platform.elapsed();
    item.open += 1;
    const block = (item.block ??= this.#numbered(item.entry));
    // Only before the first one that is not acknowledged nothing can be missing.
    const isFirst = item === this.#items[0];
    const entry = { ...item.entry, block, ...(place === 'spill' && isFirst && { jump: true }) };
    this.#part[place].append([entry]).then(
      ([verdict]) => this.#said(item, place, verdict as Verdict),
      (error: unknown) => this.#failed(item, place, error),
    );
  }

  #numbered({ block, blockId }: Append): IdentifiedBlock {
    if (isIdentified(block)) return block;
    const { producerId, platform } = this.#part;
    const before = this.#items.findLast((item) => item.block !== undefined)?.block?.header.sequence ?? 0;
    const sequence = Math.max(before, this.#acknowledged) + 1;
    return identified(block, { producerId, sequence, blockId: blockId ?? randomName(platform) });
  }

  #said(item: Item, place: 'home' | 'spill', verdict: Verdict): void {
    item.open -= 1;
    const { sequence } = (item.block as IdentifiedBlock).header;
    if (verdict.kind === 'refused') return this.#refused(item, place, verdict);
    if (place === 'home') this.#home = Math.max(this.#home, sequence);
    else this.#spilled = Math.max(this.#spilled, sequence);
    // What is home says where; the spill is no place.
    this.#settle(item, () => item.told.resolve(place === 'home' ? verdict : { kind: 'stored', logId: '', offset: 0 }));
    this.#acknowledged = Math.max(this.#acknowledged, sequence);
    this.look();
  }

  #refused(item: Item, place: 'home' | 'spill', verdict: Refusal): void {
    if (item.at !== place || !this.#items.includes(item)) return;
    if (verdict.code === 'GAP' && this.#part.isOwn) return this.#missing(item, place);
    if (verdict.isFull === true && place === 'home') {
      this.#turnAway();
      return this.look();
    }
    // What may be home is not given up where the spill is full.
    if (verdict.isFull === true && item.open > 0) return this.#retry(item);
    this.#settle(item, () => item.told.resolve(verdict));
    this.look();
  }

  /** One before it was refused, or home lost some. */
  #missing(item: Item, place: 'home' | 'spill'): void {
    const { sequence } = (item.block as IdentifiedBlock).header;
    item.at = undefined;
    if (item !== this.#items[0]) {
      // It goes again after the one before it.
      if (this.#items.every(({ at }) => at === undefined)) this.#again();
      return;
    }
    if (item.open === 0 && sequence !== this.#acknowledged + 1) return this.#again();
    if (place === 'spill') return this.#again();
    this.#isFilling = true;
    this.#part
      .fill(sequence - 1)
      .catch(() => undefined)
      .finally(() => {
        this.#isFilling = false;
        this.look();
      });
  }

  /** Those that nobody has stored are numbered anew. */
  #again(): void {
    for (const item of this.#items) if (item.open === 0) item.block = undefined;
    this.#later();
  }

  #retry(item: Item): void {
    item.at = undefined;
    this.#later();
  }

  #failed(item: Item, place: 'home' | 'spill', error: unknown): void {
    if (!this.#items.includes(item)) return;
    // It may lie in the spill all the same: `open` stays as it is.
    if (place === 'spill') return this.#retry(item);
    item.open -= 1;
    if (item.at !== 'home') return;
    this.#settle(item, () => item.told.reject(error));
    this.look();
  }

  #later(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#part.platform.timer(pause, () => {
      this.#isPaused = false;
      this.look();
    });
  }

  #settle(item: Item, tell: () => void): void {
    const at = this.#items.indexOf(item);
    if (at < 0) return;
    this.#items.splice(at, 1);
    tell();
  }

  close(): void {
    this.#cancelLook?.();
  }
}
