// What the tests need of a browser engine, whatever drives it: a page at an address, and what an expression is there.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface Engine {
  readonly name: string;
  /** Whether it lets itself be told how much an origin may store. */
  readonly hasQuota: boolean;
  /**
   * Starts a browser of its own, on a profile of its own. Rejects with one line that says what to install.
   * `quota`: about how many bytes an origin may store.
   */
  start(quota?: number): Promise<Browser>;
}

export interface Browser {
  readonly version: string;
  /** Resolves when the page and its scripts have run. */
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

export interface Page {
  /** What the expression is, or resolves to: a string. */
  evaluate(expression: string): Promise<string>;
}

export function missing(what: string, ...packages: readonly string[]): Error {
  return new Error(`${what} is missing: sudo apt-get install -y --no-install-recommends ${packages.join(' ')}`);
}

export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of a program, or an error that says what to install. */
export function program(name: string, fromPackage: string): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin'];
  const found = folders.map((folder) => join(folder, name)).find(isProgram);
  if (found === undefined) throw missing(name, fromPackage);
  return found;
}

export const quietly = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => undefined);
