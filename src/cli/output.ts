// What goes to the standard output: data and nothing else. A line is plain text for people, or JSON for programs.

import { paint } from './paint.ts';

/** Bytes have no form in JSON. */
function plain(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value;
}

function json(value: unknown): string {
  return JSON.stringify(value, plain);
}

// oxlint-disable-next-line no-control-regex -- they are what is looked for
const control = /[\u0000-\u001F\u007F-\u009F]/;

/** On one line, and harmless to a terminal, whatever somebody sent. */
export function shown(value: unknown): string {
  return typeof value === 'string' && !control.test(value)
    ? value
    : json(value).replaceAll(/[\u007F-\u009F]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Columns as wide as they need to be. */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): readonly string[] {
  const cells = rows.map((row) => row.map(shown));
  const widths = head.map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  return [paint(process.stdout).dim(line(head)), ...cells.map(line)];
}

/** Whoever read it has enough, as `head` has: that is no error. */
export function endQuietly(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

export class Output {
  readonly isJson: boolean;
  readonly #gone = new AbortController();

  constructor(isJson: boolean) {
    this.isJson = isJson;
    process.stdout.on('error', () => this.#gone.abort());
  }

  /** Aborts when nobody reads any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Settles when there is room for more. */
  async line(text: string): Promise<void> {
    if (this.gone.aborted) return;
    const isFull = !process.stdout.write(`${text}\n`);
    if (isFull) await this.#room();
  }

  /** The value for programs, the text for people. */
  record(value: unknown, text: () => string): Promise<void> {
    return this.line(this.isJson ? json(value) : text());
  }

  /** Each value for programs, a table for people; `none` says to people that there is nothing. */
  async rows<T>(
    values: readonly T[],
    head: readonly string[],
    row: (value: T) => readonly unknown[],
    none: string,
  ): Promise<void> {
    if (!this.isJson && values.length === 0) return note(none);
    const lines = this.isJson ? values.map(json) : table(head, values.map(row));
    for (const line of lines) await this.line(line);
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        process.stdout.off('drain', done);
        this.gone.removeEventListener('abort', done);
        resolve();
      };
      process.stdout.on('drain', done);
      this.gone.addEventListener('abort', done);
    });
  }
}

export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** A word to whoever sits there; programs read the standard output. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
