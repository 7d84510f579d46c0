// The faults that have begun and are not over, and how many were really done.

export type Counts = Record<string, number>;

export class UnderWay {
  readonly counts: Counts = {};
  readonly #all = new Map<Promise<void>, string>();

  /** `done` says whether it was really done. Resolves when it is over. */
  add(fault: string, done: Promise<boolean>): Promise<void> {
    const counted = done.then((isDone) => {
      if (isDone) this.counts[fault] = (this.counts[fault] ?? 0) + 1;
    });
    this.#all.set(counted, fault);
    const over = counted.finally(() => this.#all.delete(counted));
    over.catch(() => undefined);
    return over;
  }

  /** Resolves when all of them are over. */
  async over(): Promise<void> {
    while (this.#all.size > 0) await Promise.all(this.#all.keys());
  }

  get names(): readonly string[] {
    return [...this.#all.values()];
  }
}
