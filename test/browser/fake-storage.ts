// localStorage as a Map: it has as much space as a test says, and can die before any of its writes.

/** As much of a `Storage` as a log needs. */
export class FakeStorage {
  readonly texts = new Map<string, string>();
  /** How many characters it holds, names and all. */
  quota = Infinity;
  /** How many more writes there are until the tab is killed. */
  writesLeft = Infinity;
  /** How many writes there were. */
  writes = 0;
  /** Called after each. */
  onWrite: () => void = () => undefined;

  get length(): number {
    return this.texts.size;
  }

  get used(): number {
    return [...this.texts].reduce((sum, [key, text]) => sum + key.length + text.length, 0);
  }

  key(at: number): string | null {
    return [...this.texts.keys()][at] ?? null;
  }

  getItem(key: string): string | null {
    return this.texts.get(key) ?? null;
  }

  setItem(key: string, text: string): void {
    this.#write();
    const before = this.texts.get(key);
    const growth = before === undefined ? key.length + text.length : text.length - before.length;
    if (growth > 0 && this.used + growth > this.quota) throw new DOMException('It is full.', 'QuotaExceededError');
    this.texts.set(key, text);
    this.onWrite();
  }

  removeItem(key: string): void {
    this.#write();
    this.texts.delete(key);
    this.onWrite();
  }

  /** What the next page finds. */
  copy(): FakeStorage {
    const other = new FakeStorage();
    for (const [key, text] of this.texts) other.texts.set(key, text);
    return other;
  }

  #write(): void {
    if (this.writesLeft <= 0) throw new Error('killed');
    this.writesLeft -= 1;
    this.writes += 1;
  }
}
