// Processes where test/faults has tabs: each is started with its setup, told what to do on its standard input, and heard on
// its standard output.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Page } from '../faults/browser.ts';
import type { TabHost } from '../faults/tabs.ts';
import type { World } from './world.ts';

type Heard = Parameters<TabHost['open']>[1];

/** How long one that was told to end may take. */
const patience = 3000;

export class Processes implements TabHost {
  /** They go one by one, never all. */
  readonly gone: Promise<never> = new Promise<never>(() => undefined);
  readonly #program: string;
  readonly #world: World;
  readonly #running = new Map<string, ChildProcess>();
  #count = 0;

  constructor(program: string, world: World) {
    this.#program = program;
    this.#world = world;
  }

  /** Only what is behind the # counts in the address. */
  async open(url: string, heard: Heard): Promise<Page> {
    const name = `process ${++this.#count}`;
    const place = await this.#world.placeFor(name);
    const args = [this.#program, new URL(url).hash, JSON.stringify(place)];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (payload) =>
      heard({ method: 'Runtime.bindingCalled', params: { payload } }),
    );
    this.#running.set(name, child);
    child.on('exit', () => this.#running.delete(name));
    return { targetId: name, sessionId: name };
  }

  evaluate(page: Page, expression: string): Promise<void> {
    this.#running.get(page.targetId)?.stdin?.write(`void (${expression})\n`);
    return Promise.resolve();
  }

  /** False if there is no such process any more. */
  signal({ targetId }: Page, signal: 'SIGSTOP' | 'SIGCONT'): boolean {
    return this.#running.get(targetId)?.kill(signal) ?? false;
  }

  /** Resolves when it is gone, and all was heard that it said. */
  async kill({ targetId }: Page): Promise<void> {
    const child = this.#running.get(targetId);
    if (child === undefined) return;
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    await gone;
    await this.#world.gone(targetId);
  }

  async closeTab(page: Page): Promise<void> {
    const child = this.#running.get(page.targetId);
    if (child === undefined) return;
    const gone = once(child, 'close');
    child.stdin?.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), patience);
    await gone;
    clearTimeout(timer);
    await this.#world.gone(page.targetId);
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.kill({ targetId: name, sessionId: name })));
  }
}
