// Time that stands until it is moved, and chance that is the same in every run.

import type { Platform } from '../core/platform.ts';
import { loadParts } from './parts.ts';

interface Globals {
  readonly queueMicrotask: (task: () => void) => void;
  readonly setTimeout: (task: () => void, ms: number) => unknown;
  readonly setImmediate?: (task: () => void) => unknown;
}

// Taken once: a test may put fake timers in their place, and would then wait for itself.
const { queueMicrotask, setTimeout, setImmediate } = globalThis as unknown as Globals;

export function microtask(task: () => void): void {
  queueMicrotask(task);
}

/** More than any chain of promises between two tabs and their host needs. */
const turns = 5;
/** 2027-01-15T08:00:00Z */
const start = 1_800_000_000_000;

/** Runs the task in this or a later turn. */
export type Gate = (task: () => void) => void;

interface Timer {
  readonly due: number;
  readonly task: () => void;
  readonly gate: Gate;
}

function turn(): Promise<void> {
  return new Promise((resolve) => void (setImmediate === undefined ? setTimeout(resolve, 0) : setImmediate(resolve)));
}

export class TestClock {
  #elapsed = 0;
  #chance = 1;
  #moving: Promise<void> = Promise.resolve();
  /** In the order of their making. */
  readonly #timers = new Set<Timer>();

  /** The platform of one tab or host: all that waits for a turn or for time goes through its gate. */
  platform(gate: Gate): Platform {
    return {
      now: () => start + this.#elapsed,
      elapsed: () => this.#elapsed,
      random: (bytes) => this.#random(bytes),
      defer: (task) => microtask(() => gate(task)),
      timer: (ms, task) => this.#timer(ms, task, gate),
    };
  }

  /** Moves the clock from timer to timer; everything settles in between. One move at a time. */
  advance(ms: number): Promise<void> {
    this.#moving = this.#moving.then(() => this.#advance(ms));
    return this.#moving;
  }

  /** Lets everything happen that does not wait for time. */
  async settle(): Promise<void> {
    await loadParts();
    for (let left = turns; left > 0; left--) await turn();
  }

  async #advance(ms: number): Promise<void> {
    await this.settle();
    const end = this.#elapsed + ms;
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#elapsed = Math.max(this.#elapsed, timer.due);
      timer.gate(timer.task);
      await this.settle();
    }
    this.#elapsed = end;
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (timer.due <= end && timer.due < (next?.due ?? Infinity)) next = timer;
    return next;
  }

  #timer(ms: number, task: () => void, gate: Gate): () => void {
    let stopped = false;
    // It may be stopped while it waits at the gate.
    const ifWanted = (): void => {
      if (!stopped) task();
    };
    const timer: Timer = { due: this.#elapsed + ms, task: ifWanted, gate };
    this.#timers.add(timer);
    return () => {
      stopped = true;
      this.#timers.delete(timer);
    };
  }

  #random(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at++) {
      this.#chance = (Math.imul(this.#chance, 1_664_525) + 1_013_904_223) >>> 0;
      bytes[at] = this.#chance >>> 24;
    }
  }
}
