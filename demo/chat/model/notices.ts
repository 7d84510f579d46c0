// Short words about what was just done, or what went wrong. What was done goes by itself; an error waits to be read.

import { isBusError } from 'busline';
import { Observable } from './observable.ts';

const shortly = 5000;

export interface Notice {
  readonly kind: 'done' | 'error';
  readonly text: string;
}

/** What went wrong and what to do about it, in words for a person. */
export function reasonOf(error: unknown): string {
  if (isBusError(error)) return error.advice;
  return error instanceof Error ? error.message : String(error);
}

export class Notices extends Observable<Notice | undefined> {
  #going: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super(undefined);
  }

  say(text: string): void {
    this.#show({ kind: 'done', text });
    this.#going = setTimeout(() => this.dismiss(), shortly);
  }

  failed(what: string, error: unknown): void {
    this.#show({ kind: 'error', text: `${what} ${reasonOf(error)}` });
  }

  dismiss(): void {
    clearTimeout(this.#going);
    this.set(undefined);
  }

  #show(notice: Notice): void {
    clearTimeout(this.#going);
    this.set(notice);
  }
}
