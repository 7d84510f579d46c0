// What this browser remembers of a person's choices. Where storage is blocked even reading it throws; then choices last
// as long as the page. Only what belongs to this browser is kept here, everything that is said lives in the bus.

import { Observable } from './observable.ts';

const prefix = 'busline-chat:';
const whileOpen = new Map<string, string>();

/** `?as=…` in the address makes a tab somebody else's, so that several people can talk in one browser. */
const as = new URLSearchParams(location.search).get('as') ?? '';

/** The name of what each person has for themselves. */
export function personal(key: string): string {
  return as === '' ? key : `${as}/${key}`;
}

export function remembered(key: string): string | undefined {
  try {
    return localStorage.getItem(prefix + key) ?? undefined;
  } catch {
    return whileOpen.get(key);
  }
}

export function remember(key: string, value: string | undefined): void {
  if (value === undefined) whileOpen.delete(key);
  else whileOpen.set(key, value);
  try {
    if (value === undefined) localStorage.removeItem(prefix + key);
    else localStorage.setItem(prefix + key, value);
  } catch {
    // Kept while the page is open.
  }
}

/** Whether what is remembered outlasts the page. */
export function canRemember(): boolean {
  try {
    localStorage.setItem(`${prefix}probe`, '');
    localStorage.removeItem(`${prefix}probe`);
    return true;
  } catch {
    return false;
  }
}

/** Forgets all that begins so. */
export function forget(start: string): void {
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix + start));
    for (const key of keys) localStorage.removeItem(key);
  } catch {
    whileOpen.clear();
  }
}

/** One remembered choice; a change in one tab is seen in the others. */
export class Preference<T extends string> extends Observable<T> {
  readonly #key: string;

  constructor(key: string, fallback: () => T, isValid: (value: string) => value is T) {
    const valid = (value: string | undefined): value is T => value !== undefined && isValid(value);
    const saved = remembered(key);
    super(valid(saved) ? saved : fallback());
    this.#key = key;
    addEventListener('storage', (event) => {
      const value = event.newValue ?? undefined;
      if (event.key === prefix + key && valid(value)) super.set(value);
    });
    if (!valid(saved)) remember(key, this.getSnapshot());
  }

  override set(value: T): void {
    remember(this.#key, value);
    super.set(value);
  }
}
