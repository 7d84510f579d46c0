// One Chromium on a profile on disk, started, killed and started again by its own handle.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { args, executablePath } from '../../scripts/chromium.mjs';
import { Devtools } from './devtools.ts';
import type { Message } from './devtools.ts';

/** Tabs of a run lie behind each other: none is to be slowed down for that. */
const even = [
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

export interface Page {
  readonly targetId: string;
  readonly sessionId: string;
}

interface ProcessInfo {
  readonly type: string;
  readonly id: number;
}

interface TargetInfo {
  readonly type: string;
  readonly url: string;
  readonly targetId: string;
}

export class Browser {
  readonly #profile: string;
  readonly #listeners = new Map<string, (message: Message) => void>();
  #process!: ChildProcess;
  #devtools!: Devtools;
  #stopped = new Set<number>();
  /** Settles when the process is gone that runs now. */
  gone!: Promise<unknown>;

  private constructor(profile: string) {
    this.#profile = profile;
  }

  static async start(): Promise<Browser> {
    const browser = new Browser(await mkdtemp(join(tmpdir(), 'busline-profile-')));
    await browser.#launch();
    return browser;
  }

  async version(): Promise<string> {
    const { product } = await this.#devtools.send<{ product: string }>('Browser.getVersion');
    return product;
  }

  /** As a crash of the machine's memory, not of its disk: nothing is asked, nothing is flushed. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.gone;
    // What was stopped would stay for ever.
    for (const pid of this.#stopped) signal(pid, 'SIGKILL');
    this.#stopped.clear();
    this.#listeners.clear();
  }

  async relaunch(): Promise<void> {
    await this.#launch();
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  /** A new tab; `heard` gets what its page reports and whatever else the protocol tells of it. */
  async open(url: string, heard: (message: Message) => void): Promise<Page> {
    const devtools = this.#devtools;
    const { targetId } = await devtools.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await devtools.send<{ sessionId: string }>('Target.attachToTarget', {
      targetId,
      flatten: true,
    });
    this.#listeners.set(sessionId, heard);
    // Before it goes anywhere: what is under way while a page moves to another process may never be answered.
    await Promise.all([
      devtools.send('Runtime.enable', {}, sessionId),
      devtools.send('Runtime.addBinding', { name: 'report' }, sessionId),
    ]);
    devtools.send('Page.navigate', { url }, sessionId).catch(() => undefined);
    return { targetId, sessionId };
  }

  /** To a page, or to the browser. */
  send<T = unknown>(method: string, params: object = {}, page?: Page): Promise<T> {
    return this.#devtools.send<T>(method, params, page?.sessionId);
  }

  /** Runs an expression there, and waits for nothing that it returns. */
  async evaluate(page: Page, expression: string): Promise<void> {
    await this.send('Runtime.evaluate', { expression: `void (${expression})` }, page);
  }

  async closeTab(page: Page): Promise<void> {
    await this.send('Target.closeTarget', { targetId: page.targetId });
    this.#listeners.delete(page.sessionId);
  }

  async workers(type: string, url: string): Promise<readonly string[]> {
    const { targetInfos } = await this.send<{ targetInfos: TargetInfo[] }>('Target.getTargets', { filter: [{}] });
    return targetInfos.filter((info) => info.type === type && info.url === url).map(({ targetId }) => targetId);
  }

  async renderers(): Promise<readonly number[]> {
    const { processInfo } = await this.send<{ processInfo: ProcessInfo[] }>('SystemInfo.getProcessInfo');
    return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  }

  /** The process and all its threads stand still until they are thawed. */
  freeze(pid: number): boolean {
    if (!signal(pid, 'SIGSTOP')) return false;
    this.#stopped.add(pid);
    return true;
  }

  thaw(pid: number): void {
    this.#stopped.delete(pid);
    signal(pid, 'SIGCONT');
  }

  async #launch(): Promise<void> {
    const all = [
      ...args,
      ...even,
      '--headless',
      '--no-default-browser-check',
      '--remote-debugging-pipe',
      `--user-data-dir=${this.#profile}`,
    ];
    this.#process = spawn(executablePath, all, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    this.gone = once(this.#process, 'exit');
    this.#devtools = new Devtools(this.#process, (message) => {
      if (message.sessionId !== undefined) this.#listeners.get(message.sessionId)?.(message);
    });
    await this.version();
  }
}

/** False if there is no such process any more. */
function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
