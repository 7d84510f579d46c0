// Which messages of a channel are not as most are: urgent, unhurried, or no message but a control block. Groups hand out by
// this, and need not open a block for it.

import type { Header } from '../../core/block.ts';
import type { Priority } from '../../core/message.ts';

export type Mark = Exclude<Priority, 'normal'> | 'control';
export type MarkedRun = readonly [first: number, last: number, mark: Mark];

/** What is older is taken for normal: a group so far behind has other worries, and memory must not grow with the log. */
const mostRuns = 4096;

export class Marks {
  readonly #runs: [number, number, Mark][];

  constructor(runs: readonly MarkedRun[]) {
    this.#runs = runs.map(([first, last, mark]) => [first, last, mark]);
  }

  get all(): readonly MarkedRun[] {
    return this.#runs;
  }

  add({ kind, priority = 'normal', count }: Header, last: number): void {
    const mark = kind === 'control' ? 'control' : priority;
    if (mark === 'normal') return;
    const first = last - count + 1;
    const before = this.#runs.at(-1);
    if (before?.[2] === mark && before[1] === first - 1) before[1] = last;
    else this.#runs.push([first, last, mark]);
    if (this.#runs.length > mostRuns) this.#runs.shift();
  }

  trim(first: number): void {
    const kept = this.#runs.findIndex(([, last]) => last >= first);
    this.#runs.splice(0, kept < 0 ? this.#runs.length : kept);
  }

  /** All from `from` to `upTo`, in order. */
  *runs(from: number, upTo: number): Generator<readonly [number, number, Mark | 'normal']> {
    let next = from;
    for (const [first, last, mark] of this.#runs) {
      if (last < next) continue;
      if (first > upTo) break;
      if (first > next) yield [next, first - 1, 'normal'];
      const end = Math.min(last, upTo);
      yield [Math.max(first, next), end, mark];
      next = end + 1;
    }
    if (next <= upTo) yield [next, upTo, 'normal'];
  }
}
