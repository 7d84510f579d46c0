// How far long work has come: on a terminal only, and only if it is long.

const patience = 500;
const pace = 100;

export class Progress {
  readonly #what: string;
  readonly #total: number | undefined;
  readonly #began = performance.now();
  #told = 0;

  constructor(what: string, total: number | undefined) {
    this.#what = what;
    this.#total = total;
  }

  to(done: number): void {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.#began < patience || now - this.#told < pace) return;
    this.#told = now;
    process.stderr.write(`\r\u001B[K${this.#shown(done)} ${this.#what}`);
  }

  end(): void {
    if (this.#told > 0) process.stderr.write('\r\u001B[K');
  }

  #shown(done: number): string {
    if (this.#total === undefined) return String(done);
    const full = Math.round((20 * done) / this.#total);
    return `${'█'.repeat(full)}${'░'.repeat(20 - full)} ${done} of ${this.#total}`;
  }
}
