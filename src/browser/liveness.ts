// Finds a host that is there but does not answer. It counts beats that this context really sent, not time that passed: a page
// that was busy or frozen itself has sent none, and so does not suspect anybody.

import type { Platform } from '../core/platform.ts';

/** While an answer is awaited, and while none is. */
const busyBeat = 100;
const idleBeat = 1000;
const maxMissed = 24;

export class Heartbeat {
  readonly #platform: Platform;
  readonly #ping: (n: number) => void;
  readonly #isWaiting: () => boolean;
  readonly #onSilence: () => void;
  readonly #idleBeat: number;
  /** How many beats without an answer are silence. It doubles after each false alarm or takeover. */
  #allowed = 3;
  #n = 0;
  #answered = 0;
  #isBusy = false;
  #stop: (() => void) | undefined;

  constructor(
    platform: Platform,
    ping: (n: number) => void,
    isWaiting: () => boolean,
    onSilence: () => void,
    ms: number = idleBeat,
  ) {
    this.#platform = platform;
    this.#ping = ping;
    this.#isWaiting = isWaiting;
    this.#onSilence = onSilence;
    this.#idleBeat = ms;
  }

  start(): void {
    this.stop();
    this.#answered = this.#n;
    this.#schedule();
  }

  /** Something was asked just now: do not wait for the idle beat. */
  expect(): void {
    if (this.#stop === undefined || this.#isBusy) return;
    this.#stop();
    this.#beat();
  }

  pong(n: number): void {
    this.#answered = Math.max(this.#answered, n);
    if (this.#stop === undefined || !this.#isBusy || this.#isWaiting() || this.#n > this.#answered) return;
    // It lives, and nothing is asked of it: no need to look again soon.
    this.#stop();
    this.#schedule();
  }

  /** The next host gets more time: if it is slow too, it is the machine that is slow. */
  relax(): void {
    this.#allowed = Math.min(this.#allowed * 2, maxMissed);
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #schedule(): void {
    this.#isBusy = this.#n > this.#answered || this.#isWaiting();
    this.#stop = this.#platform.timer(this.#isBusy ? busyBeat : this.#idleBeat, () => this.#beat());
  }

  #beat(): void {
    if (this.#n - this.#answered >= this.#allowed) {
      this.stop();
      this.#onSilence();
      return;
    }
    this.#n += 1;
    this.#ping(this.#n);
    this.#schedule();
  }
}
