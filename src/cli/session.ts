// What every command stands on: the options that all have, a hub opened by them, the output, and the end of it all.

import { busError } from '../core/errors.ts';
import type { HubOptions } from '../node/hub/open-hub.ts';
import { openHubWith } from '../node/hub/open-hub.ts';
import type { Hub } from '../node/hub/hub.ts';
import { hubError } from '../node/hub-error.ts';
import { scrubber } from '../node/hub/logger.ts';
import type { LogLevel } from '../node/hub/settings-options.ts';
import { readSettings } from '../node/hub/settings.ts';
import type { Settings } from '../node/hub/settings.ts';
import { exitCodeOf, Interrupted, told } from './failure.ts';
import type { StopSignal } from './failure.ts';
import { readable } from './log-lines.ts';
import { Output } from './output.ts';
import { listenForStop } from './stop.ts';
import type { Stop } from './stop.ts';

/** Options that every command has. */
export interface CommonOptions {
  readonly dir?: string;
  readonly redis?: string | false;
  readonly config?: string;
  readonly name?: string;
  readonly logLevel?: LogLevel;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** Seconds without any progress after which a command gives up. */
const patience = 30;

/** Redis is waited for, for as long as it takes; a command is not a hub. */
function silent({ mode }: Hub): Error {
  if (mode === 'isolated') return busError('TIMEOUT', `Nothing happened for ${patience} s.`);
  return hubError('REDIS_AWAY', `Redis did not answer for ${patience} s.`, { retryable: true });
}

export class Session {
  readonly out: Output;
  /** What was decided: where the log is, among others. */
  settings: Settings | undefined;
  readonly #options: CommonOptions;
  readonly #stop: Stop = listenForStop();
  readonly #stopped = new AbortController();
  #scrub = (text: string): string => text;

  constructor(options: CommonOptions) {
    this.#options = options;
    this.out = new Output(options.json === true);
    const stop = (): void => this.#stopped.abort();
    for (const signal of [this.#stop.signal, this.out.gone]) signal.addEventListener('abort', stop);
  }

  /** Ends the process with what came of the command. */
  async run(command: () => Promise<unknown>): Promise<never> {
    process.on('uncaughtException', (error) => this.#failed(error));
    try {
      await command();
    } catch (error) {
      this.#failed(error);
    }
    process.exit(0);
  }

  #failed(error: unknown): never {
    if (this.out.gone.aborted) process.exit(0);
    process.stderr.write(this.#scrub(told(error, this.#options.verbose === true)));
    process.exit(exitCodeOf(error));
  }

  /** Aborts at the first signal, or when nobody reads what is written. */
  get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /**
   * For a command that ends by itself: its hub says only what went wrong, and it does not wait for ever. `grace`: milliseconds
   * that it has to end by itself when it is stopped.
   */
  async withHub<T>(use: (hub: Hub, still: () => void) => Promise<T>, grace = 0): Promise<T> {
    const base = { logLevel: 'error', closeWithin: 2000, name: 'cli' } as const;
    return this.#using(base, (hub) => this.#inTime(hub, use, grace));
  }

  /** For a command that goes on until it is stopped. */
  async withLastingHub(isHub: boolean, use: (hub: Hub) => Promise<void>): Promise<void> {
    return this.#using(isHub ? {} : { logLevel: 'error', name: 'cli' }, use);
  }

  /** The settings, for a command that opens nothing by them. */
  read(): Settings {
    const { config, ...argument } = this.hubOptions();
    const settings = readSettings({ argument, config, environment: process.env, folder: process.cwd() });
    this.decided(settings);
    return settings;
  }

  /** Ends a command that was stopped before it was done. */
  interrupted(): never {
    throw new Interrupted(this.#stop.signal.reason as StopSignal);
  }

  hubOptions(): HubOptions {
    const { dir, redis, config, name, logLevel, verbose } = this.#options;
    const level = logLevel ?? (verbose === true ? 'debug' : undefined);
    return {
      ...(dir !== undefined && { directory: dir }),
      ...(redis !== undefined && { redis: redis !== false && { url: redis } }),
      ...(config !== undefined && { config }),
      ...(name !== undefined && { name }),
      ...(level !== undefined && { logLevel: level }),
    };
  }

  /** From here on nothing that is printed holds a secret of these settings. */
  decided(settings: Settings): void {
    this.settings = settings;
    this.#scrub = scrubber(settings.secrets);
  }

  async #using<T>(base: Parameters<typeof openHubWith>[1]['base'] & object, use: (hub: Hub) => Promise<T>): Promise<T> {
    const isReadable = process.stderr.isTTY && this.#options.json !== true;
    const hub: Hub = await openHubWith(this.hubOptions(), {
      base,
      decided: (settings) => this.decided(settings),
      ...(isReadable && { write: (line: string) => void process.stderr.write(readable(line)) }),
    });
    try {
      return await use(hub);
    } finally {
      await hub.close();
    }
  }

  async #inTime<T>(hub: Hub, use: (hub: Hub, still: () => void) => Promise<T>, grace: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const ended = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(silent(hub)), patience * 1000);
      const late = (): void => reject(new Interrupted(this.#stop.signal.reason as StopSignal));
      const stopped = (): void => void setTimeout(late, grace).unref();
      if (this.#stop.signal.aborted) stopped();
      this.#stop.signal.addEventListener('abort', stopped);
      this.out.gone.addEventListener('abort', () => reject(new Error('Nobody reads any more.')));
    });
    ended.catch(() => undefined);
    try {
      return await Promise.race([use(hub, () => timer?.refresh()), ended]);
    } finally {
      clearTimeout(timer);
    }
  }
}
