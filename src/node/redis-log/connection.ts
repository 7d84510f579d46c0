// The connections to one Redis: one for commands, one that listens for bells. A command has its own deadline; one that
// missed it is in doubt, and so is its connection, which is thrown away and replaced. Commands sent while there is no
// connection fail at once: whoever wants to send again waits for the next.

import { createClient } from 'redis';
import type { RedisClientOptions } from 'redis';
import { busError, describe, isBusError } from '../../core/errors.ts';
import { hubError } from '../hub-error.ts';
import { deferred } from '../deferred.ts';
import type { Deferred } from '../deferred.ts';
import { Watched } from '../../core/store.ts';
import { allBells, channelOfBell } from './keys.ts';
import type { Script } from './scripts.ts';

type Client = ReturnType<typeof createClient>;

export interface ConnectionOptions {
  /** `redis://` or `rediss://`, with user, password and database if there are any. */
  readonly url: string;
  /** Milliseconds in which a command has to be answered. Default 3000. */
  readonly deadline?: number;
  readonly onBell: (channelId: string, text: string) => void;
  /** Bells may have been missed. */
  readonly onGap: () => void;
}

export type ConnectionState = 'connecting' | 'up' | 'down' | 'closed';

const longestPause = 2000;

/** Whether Redis itself said no; anything else is a failure on the way, and what was sent is in doubt. */
function isReply(error: unknown): error is Error {
  return (
    error instanceof Error &&
    ['ErrorReply', 'SimpleError', 'BlobError', 'MultiErrorReply'].includes(error.constructor.name)
  );
}

/** What it says for now, and not for good: it loads its data, has no master, or moves a slot. */
const passing = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|MISCONF)\b/;

export function isPassing(error: unknown): boolean {
  return !isReply(error) || passing.test(error.message);
}

export class Connection {
  readonly state: Watched<ConnectionState> = new Watched<ConnectionState>('connecting');
  readonly #options: ConnectionOptions;
  readonly #deadline: number;
  #commands: Client;
  readonly #bells: Client;
  /** Those who wait for the next connection. */
  #waiting: Deferred<void> = deferred<void>();
  #isReady = false;
  #isClosed = false;
  #why = '';

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#deadline = options.deadline ?? 3000;
    this.#commands = this.#client();
    this.#watchCommands();
    this.#bells = this.#client();
    this.#bells.on('error', () => undefined);
    this.#bells.on('ready', () => options.onGap());
  }

  /** Resolves when both are there. Rejects with what is wrong, if Redis answers and will not have us, or not within the time. */
  async open(within: number): Promise<void> {
    const listening = this.#bells.connect().then(() =>
      this.#bells.pSubscribe(allBells, (text, name) => {
        const channelId = channelOfBell(name);
        if (channelId !== undefined) this.#options.onBell(channelId, text);
      }),
    );
    listening.catch(() => undefined);
    this.#connect();
    const why = (): string => this.#why;
    const tooLate = new Promise<never>((_resolve, reject) => {
      const timer = setTimeout(
        () => reject(hubError('REDIS_AWAY', `Redis did not answer: ${why()}`, { retryable: true })),
        within,
      );
      void this.#waiting.promise.finally(() => clearTimeout(timer)).catch(() => undefined);
    });
    await Promise.race([Promise.all([this.#waiting.promise, listening]), tooLate]);
  }

  /** Resolves when there is a connection; rejects with `CLOSED` when there will be none. */
  async ready(): Promise<void> {
    while (!this.#isReady) {
      if (this.#isClosed) throw busError('CLOSED', 'The log is closed.');
      await this.#waiting.promise;
    }
  }

  command(command: readonly string[]): Promise<unknown> {
    return this.#inTime((client) => client.sendCommand(command));
  }

  /** All of them, with nobody between. */
  transaction(commands: readonly (readonly string[])[]): Promise<readonly unknown[]> {
    return this.#inTime(async (client) => {
      const multi = client.multi();
      for (const command of commands) multi.addCommand([...command]);
      return await multi.exec();
    });
  }

  async run({ text, sha }: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.command(['EVALSHA', sha, ...rest]);
    } catch (error) {
      if (!isReply(error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return this.command(['EVAL', text, ...rest]);
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isReady = false;
    this.state.set('closed');
    this.#waiting.promise.catch(() => undefined);
    this.#waiting.reject(busError('CLOSED', 'The log is closed.'));
    for (const client of [this.#commands, this.#bells]) if (client.isOpen) client.destroy();
  }

  #client(): Client {
    const options: RedisClientOptions = {
      url: this.#options.url,
      disableOfflineQueue: true,
      pingInterval: 5000,
      socket: {
        connectTimeout: this.#deadline,
        // Never the default one: it gives up for good.
        reconnectStrategy: (retries) => Math.min(longestPause, 25 * 2 ** retries) * (0.5 + Math.random() / 2),
      },
    };
    return createClient(options);
  }

  #watchCommands(): void {
    const client = this.#commands;
    const isOurs = (): boolean => client === this.#commands && !this.#isClosed;
    client.on('ready', () => {
      if (!isOurs()) return;
      this.#isReady = true;
      this.state.set('up');
      this.#waiting.resolve();
      this.#options.onGap();
    });
    client.on('error', (error) => {
      this.#why = describe(error);
      if (isOurs()) this.#down();
    });
  }

  #down(): void {
    if (this.#isReady) this.#waiting = deferred<void>();
    this.#isReady = false;
    this.state.set('down');
  }

  #connect(): void {
    const client = this.#commands;
    client.connect().catch((error: unknown) => (this.#why = describe(error)));
  }

  async #inTime<T>(use: (client: Client) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw busError('CLOSED', 'The log is closed.');
    const client = this.#commands;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(hubError('REDIS_AWAY', 'Redis did not answer in time.', { retryable: true })),
        this.#deadline,
      );
    });
    try {
      return await Promise.race([use(client), late]);
    } catch (error) {
      if (isBusError(error) && client === this.#commands && !this.#isClosed) this.#replace(client);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** What was sent on it may still arrive; its answers may not. */
  #replace(client: Client): void {
    this.#down();
    client.destroy();
    this.#commands = this.#client();
    this.#watchCommands();
    this.#connect();
  }
}
