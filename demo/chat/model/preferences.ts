// What this browser remembers of a person's choices. Where storage is blocked even reading it throws; then choices last
// as long as the page.

import { Observable } from './observable.ts';

const prefix = 'busline-chat:';
const whileOpen = new Map<string, string>();

function read(key: string): string | undefined {
  try {
    return localStorage.getItem(prefix + key) ?? undefined;
  } catch {
    return whileOpen.get(key);
  }
}

function write(key: string, value: string): void {
  whileOpen.set(key, value);
  try {
    localStorage.setItem(prefix + key, value);
  } catch {
    // Kept while the page is open.
  }
}

/** One remembered choice; a change in one tab is seen in the others. */
export class Preference<T extends string> extends Observable<T> {
  readonly #key: string;

  constructor(key: string, fallback: () => T, isValid: (value: string) => value is T) {
    const valid = (value: string | undefined): value is T => value !== undefined && isValid(value);
    const saved = read(key);
    super(valid(saved) ? saved : fallback());
    this.#key = key;
    addEventListener('storage', (event) => {
      const value = event.newValue ?? undefined;
      if (event.key === prefix + key && valid(value)) super.set(value);
    });
    if (!valid(saved)) write(key, this.getSnapshot());
  }

  override set(value: T): void {
    write(this.#key, value);
    super.set(value);
  }
}
