// WebKit, when a worker or page ends, leaves transactions of it open in two cases: one that was told to commit before it had
// begun, and all the others while one of them is being committed. Whoever needs the database then waits until the browser
// ends. So there one transaction is made after the other, the next when the last one is over, and each is told to commit when
// all that was asked of it is done. Other engines are not held up by what is left behind, and do it all at once.

/** Chromium says that it is the last WebKit it came from. */
const isWebKit = /AppleWebKit\/(?!537\.36)/.test(globalThis.navigator?.userAgent);

/** The transactions of one database. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;

  /** Makes a transaction, now or when it is its turn, and uses it in the very turn that made it. */
  async take<T>(make: () => IDBTransaction, use: (transaction: IDBTransaction) => T): Promise<Awaited<T>> {
    if (!isWebKit) return await use(make());
    if (this.#isTaken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#isTaken = true;
    const transaction = this.#made(make);
    for (const end of ['complete', 'abort']) transaction.addEventListener(end, () => this.#pass());
    return await use(transaction);
  }

  #made(make: () => IDBTransaction): IDBTransaction {
    try {
      return make();
    } catch (error) {
      this.#pass();
      throw error;
    }
  }

  /** It stays taken if somebody waits: nobody comes between. */
  #pass(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#isTaken = false;
    else next();
  }
}

/** `last`: the last request of the transaction. */
export function commit(transaction: IDBTransaction, last: IDBRequest): void {
  if (isWebKit) last.addEventListener('success', () => transaction.commit());
  else transaction.commit();
}
