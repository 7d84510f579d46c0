// What this process proposes to a journal and waits for: to be written, to be read back, or to be written again.

import { busError } from '../../core/errors.ts';
import type { Verdict } from '../../core/log.ts';
import { deferred } from '../deferred.ts';
import type { Deferred } from '../deferred.ts';
import type { Folded } from './fold.ts';
import type { GroupResult } from './group-proposal.ts';
import { idOf, textOf } from './line.ts';
import type { Line } from './line.ts';
import type { Written } from './segment.ts';

/** What became of a proposal. */
export interface Settled {
  readonly verdict?: Verdict;
  readonly result?: GroupResult;
}

export interface Pending {
  readonly id: string;
  readonly line: Line;
  readonly flush: boolean;
  readonly settle: Deferred<Settled>;
}

interface Batch {
  readonly batch: readonly Pending[];
  readonly records: readonly Written[];
  readonly bytes: Buffer;
}

export class Proposals {
  readonly #queue: Pending[] = [];
  /** Written, and nothing read of them yet: in their order, where one is proposed again. */
  readonly #written = new Map<string, Pending[]>();
  /** To be written once more, before all others. */
  readonly #again: Pending[] = [];

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  add(line: Line, flush: boolean): Promise<Settled> {
    const pending = { id: idOf(line.proposal) as string, line, flush, settle: deferred<Settled>() };
    this.#queue.push(pending);
    return pending.settle.promise;
  }

  some(holds: (line: Line) => boolean): boolean {
    return [...this.#queue, ...this.#all()].some(({ line }) => holds(line));
  }

  /** The next ones, at least one, with what is to be written of them: at most so many bytes. */
  take(most: number): Batch {
    const texts: Buffer[] = [];
    const records: Written[] = [];
    let size = 0;
    for (const { line } of this.#queue) {
      const text = textOf(line);
      if (texts.length > 0 && size + text.length > most) break;
      size += text.length;
      texts.push(text);
      records.push({ line, length: text.length });
    }
    const batch = this.#queue.splice(0, texts.length);
    for (const pending of batch) {
      const before = this.#written.get(pending.id);
      if (before === undefined) this.#written.set(pending.id, [pending]);
      else before.push(pending);
    }
    return { batch, records, bytes: Buffer.concat(texts) };
  }

  /** A record was read. If it is one of these, what is returned tells so. */
  took({ id, verdict, group, isVoid }: Folded): (() => void) | undefined {
    const pending = id === undefined ? undefined : this.#written.get(id)?.[0];
    if (pending === undefined) return undefined;
    this.#forget(pending);
    if (isVoid === true && pending.line.proposal.t !== 'seal') {
      this.#again.push(pending);
      return undefined;
    }
    const settled = group === undefined ? (verdict === undefined ? {} : { verdict }) : { result: group.result };
    return () => pending.settle.resolve(settled);
  }

  /** What nothing came of is next. */
  repeat(): void {
    this.#queue.unshift(...this.#again.splice(0));
  }

  /** Those of them that are still waited for were not written. */
  refuse(batch: readonly Pending[]): void {
    const verdict = { kind: 'refused', code: 'STORAGE_FULL', why: 'The disk is full.' } as const;
    for (const pending of batch) if (this.#forget(pending)) pending.settle.resolve({ verdict });
  }

  /** It is not known what became of those of them that are still waited for. */
  fail(batch: readonly Pending[], error: unknown): void {
    for (const pending of batch) if (this.#forget(pending)) pending.settle.reject(error);
  }

  close(): void {
    const closed = busError('CLOSED', 'The log is closed.');
    for (const { settle } of [...this.#queue, ...this.#again, ...this.#all()]) settle.reject(closed);
  }

  #all(): readonly Pending[] {
    return [...this.#written.values()].flat();
  }

  /** Whether it was still waited for. */
  #forget(pending: Pending): boolean {
    const all = this.#written.get(pending.id) ?? [];
    const at = all.indexOf(pending);
    if (at < 0) return false;
    if (all.length === 1) this.#written.delete(pending.id);
    else all.splice(at, 1);
    return true;
  }
}
