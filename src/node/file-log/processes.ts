// Which processes work on a folder: each has a file there that it touches again and again. Processes in different containers may
// share a folder, so their numbers say nothing; one that is stopped touches nothing, and counts as dead until it wakes.

import { mkdir, readdir, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How long a process that is not heard of is taken to live, and how often it is heard of, in milliseconds. */
const lifetime = 5000;
const beat = 1500;

interface Seen {
  readonly touched: number;
  /** When that was seen first, by this process. */
  readonly at: number;
}

export class Processes {
  readonly #folder: string;
  readonly #own: string;
  readonly #seen = new Map<string, Seen>();
  readonly #mourners = new Set<() => void>();
  readonly #revived = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(folder: string, own: string) {
    this.#folder = folder;
    this.#own = own;
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(this.#path(this.#own), '');
    this.#timer = setInterval(() => void this.#beat().catch(() => undefined), beat);
    this.#timer.unref();
  }

  /** Calls back when another process was found to be gone. */
  onGone(listener: () => void): void {
    this.#mourners.add(listener);
  }

  /** Calls back when others had taken this process to be gone. */
  onRevived(listener: () => void): void {
    this.#revived.add(listener);
  }

  /** Of these, those that are gone. */
  async dead(names: readonly string[]): Promise<readonly string[]> {
    const gone = await Promise.all(names.map((name) => this.#isGone(name)));
    return names.filter((_, at) => gone[at] === true);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await unlink(this.#path(this.#own)).catch(() => undefined);
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  async #beat(): Promise<void> {
    const now = new Date();
    try {
      await utimes(this.#path(this.#own), now, now);
    } catch {
      // Others found nothing of it for too long.
      await mkdir(this.#folder, { recursive: true });
      await writeFile(this.#path(this.#own), '');
      for (const told of this.#revived) told();
    }
    await this.#look();
  }

  /** The one that takes the file away sees to what the process left behind. */
  async #look(): Promise<void> {
    for (const name of await this.dead(await readdir(this.#folder))) {
      const isMine = await unlink(this.#path(name)).then(
        () => true,
        () => false,
      );
      this.#seen.delete(name);
      if (isMine) for (const told of this.#mourners) told();
    }
  }

  /** Only what was seen first is judged by dates: whatever the clock does then, who is heard of lives. */
  async #isGone(name: string): Promise<boolean> {
    if (name === this.#own) return false;
    const file = await stat(this.#path(name)).catch(() => undefined);
    if (file === undefined) return true;
    const now = performance.now();
    const before = this.#seen.get(name);
    if (before?.touched !== file.mtimeMs) {
      const silent = before === undefined ? Math.max(0, Date.now() - file.mtimeMs) : 0;
      this.#seen.set(name, { touched: file.mtimeMs, at: now - silent });
    }
    return now - (this.#seen.get(name) as Seen).at > lifetime;
  }
}
