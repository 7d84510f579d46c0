// Values that come in blocks and are taken one by one. A block is done with when its last value was taken: what is not
// consumed is not read from the log.

interface Block<T> {
  readonly values: readonly T[];
  readonly done: () => void;
}

export class Queue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #blocks: Block<T>[] = [];
  readonly #stop: () => void;
  #at = 0;
  #closed: { readonly error?: Error } | undefined;
  readonly #waiting: (() => void)[] = [];

  constructor(stop: () => void) {
    this.#stop = stop;
  }

  push(values: readonly T[], done: () => void): void {
    if (values.length === 0) return done();
    this.#blocks.push({ values, done });
    this.#wake();
  }

  /** What is queued is still handed out; then it ends, or throws the error. */
  close(error?: Error): void {
    this.#closed ??= error === undefined ? {} : { error };
    this.#wake();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      const block = this.#blocks[0];
      if (block !== undefined) return { value: this.#take(block), done: false };
      if (this.#closed?.error !== undefined) throw this.#closed.error;
      if (this.#closed !== undefined) return { value: undefined, done: true };
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#blocks.length = 0;
    this.close();
    this.#stop();
    return Promise.resolve({ value: undefined, done: true });
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #take(block: Block<T>): T {
    const value = block.values[this.#at++] as T;
    if (this.#at === block.values.length) {
      this.#at = 0;
      this.#blocks.shift();
      block.done();
    }
    return value;
  }
}
