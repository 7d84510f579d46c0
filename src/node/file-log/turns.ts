// Writing and reading a journal needs no turn of the event loop, so whoever sends again as soon as he is answered would never
// let anybody else have one: timers, sockets, the sign that this process lives.

/** So many milliseconds may pass without a turn. */
const longest = 20;

class Turns {
  /** When the first write of this turn was. */
  #since: number | undefined;

  /** Resolves at once, or when others have had their turn. */
  async pass(): Promise<void> {
    if (this.#since === undefined) {
      this.#since = performance.now();
      setImmediate(() => (this.#since = undefined));
      return;
    }
    if (performance.now() - this.#since > longest) await new Promise((resolve) => setImmediate(resolve));
  }
}

export const turns: Turns = new Turns();
