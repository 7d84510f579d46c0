// A world without clocks: what happens next is drawn, and so is how long it takes. The same seed is the same story.

import type { Platform } from 'busline/core';

interface Due {
  readonly at: number;
  readonly run: () => void;
}

export class Chance {
  /** Milliseconds that have passed in the story. */
  now = 1_000_000;
  #state: number;
  /** What may happen next, in any order. */
  readonly #ready: (() => void)[] = [];
  readonly #timers = new Set<Due>();

  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761) >>> 0 || 1;
  }

  /** From 0 to below 1. */
  next(): number {
    // xorshift32
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state / 2 ** 32;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  isSo(probability: number): boolean {
    return this.next() < probability;
  }

  one<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length)];
  }

  /** Resolves when it is its turn. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.#ready.push(resolve));
  }

  timer(ms: number, run: () => void): () => void {
    const due: Due = { at: this.now + ms, run };
    this.#timers.add(due);
    return () => void this.#timers.delete(due);
  }

  /** Lets one thing happen; answers whether there was any. */
  async step(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    const at = this.below(this.#ready.length);
    const run = this.#ready[at];
    if (run !== undefined) {
      const last = this.#ready.pop() as () => void;
      if (at < this.#ready.length) this.#ready[at] = last;
      run();
      return true;
    }
    const due = [...this.#timers].reduce<Due | undefined>(
      (a, b) => (a === undefined || b.at < a.at ? b : a),
      undefined,
    );
    if (due === undefined) return false;
    this.#timers.delete(due);
    this.now = Math.max(this.now, due.at);
    due.run();
    return true;
  }

  /** So much time goes by, and what is due in it happens. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const isDue = [...this.#timers].some(({ at }) => at <= end);
      if (this.#ready.length === 0 && !isDue) break;
      await this.step();
    }
    this.now = end;
  }

  get isQuiet(): boolean {
    return this.#ready.length === 0;
  }

  platform(): Platform {
    return {
      now: () => this.now,
      elapsed: () => this.now,
      random: (bytes) => bytes.forEach((_, at) => (bytes[at] = this.below(256))),
      defer: (task) => queueMicrotask(task),
      timer: (ms, task) => this.timer(ms, task),
    };
  }
}
