// The connection to one Redis, for commands and for bells: both come in the order in which Redis sent them. A command has its
// own deadline; one that missed it is in doubt, and so is the connection. A connection is never repaired: it is thrown away,
// and the next one is made from the beginning, where the master is then. Commands sent while there is none fail at once:
// whoever wants to send again waits for the next.

import { busError, describe, isBusError } from '../../core/errors.ts';
import type { BusError } from '../../core/errors.ts';
import { Watched } from '../../core/store.ts';
import { hubError } from '../hub-error.ts';
import { deferred } from '../deferred.ts';
import type { Deferred } from '../deferred.ts';
import { addressOf } from './address.ts';
import type { Address } from './address.ts';
import { clientOf, meet } from './greeting.ts';
import type { Client } from './greeting.ts';
import { commandInSlot, inSlot } from './keys.ts';
import type { Node } from './locate.ts';
import type { Script } from './scripts.ts';
import { isElsewhere, isFinal, isReply, troubleOf } from './trouble.ts';
import { within } from './within.ts';

export interface ConnectionOptions {
  readonly url: string;
  /** Milliseconds in which a command has to be answered. Default 3000. */
  readonly deadline?: number;
  readonly onBell: (channelId: string, text: string) => void;
  /** There is a connection; bells may have been missed. */
  readonly onGap: () => void;
  /** What has to be done first with a server, before anybody else uses the connection. */
  readonly prepare: (ask: Asker, identity: string) => Promise<void>;
}

/** What asks a server, once. */
export interface Asker {
  command(command: readonly string[]): Promise<unknown>;
  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>;
}

export type ConnectionState = 'connecting' | 'up' | 'down' | 'closed';

const longestPause = 2000;

/** A connection that is in use. */
interface Line {
  readonly client: Client;
  readonly node: Node | undefined;
  /** Of the server process and its history: another one may know less. */
  readonly identity: string;
  readonly gone: Deferred<void>;
}

export class Connection {
  readonly state: Watched<ConnectionState> = new Watched<ConnectionState>('connecting');
  readonly #options: ConnectionOptions;
  readonly #address: Address;
  readonly #deadline: number;
  #line: Line | undefined;
  /** Those who wait for the next connection. */
  #waiting: Deferred<void> = deferred<void>();
  /** Why Redis will not have us; it is tried again all the same. */
  #denied: BusError | undefined;
  #why: unknown;
  #isClosed = false;
  #wake: () => void = () => undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#address = addressOf(options.url);
    this.#deadline = options.deadline ?? 3000;
    this.#waiting.promise.catch(() => undefined);
  }

  /** Rejects with what is wrong, if Redis answers and will not have us, or not within these milliseconds. */
  async open(ms: number): Promise<void> {
    void this.#keep();
    try {
      await within(ms, this.ready());
    } catch (error) {
      if (this.#denied !== undefined) throw this.#denied;
      if (this.#why === undefined) throw error;
      throw isBusError(this.#why) ? this.#why : troubleOf(this.#why);
    }
  }

  get isReady(): boolean {
    return this.#line !== undefined;
  }

  /** Of the server that there is a connection to, or was the last time. */
  identity = '';

  /** Resolves when there is a connection; rejects when there will be none, or Redis will not have us. */
  async ready(): Promise<void> {
    while (this.#line === undefined) {
      if (this.#isClosed) throw closed();
      if (this.#denied !== undefined) throw this.#denied;
      await this.#waiting.promise;
    }
  }

  /** As a key is called there. */
  nameOf(key: string): string {
    return this.#address.isCluster ? inSlot(key) : key;
  }

  command(command: readonly string[]): Promise<unknown> {
    return this.#inTime((client) => client.sendCommand(this.#sent(command)));
  }

  /** All of them, with nobody between. */
  transaction(commands: readonly (readonly string[])[]): Promise<readonly unknown[]> {
    return this.#inTime(async (client) => {
      const multi = client.multi();
      for (const command of commands) multi.addCommand([...this.#sent(command)]);
      return await multi.exec();
    });
  }

  /** One after the other on the same connection. */
  inOrder(commands: readonly (readonly string[])[]): Promise<readonly unknown[]> {
    return this.#inTime((client) => Promise.all(commands.map((command) => client.sendCommand(this.#sent(command)))));
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return runWith((command) => this.command(command), script, keys, args);
  }

  /** What this connection leads to is not what it was: another one is made, from the beginning. */
  renew(): void {
    if (this.#line !== undefined) this.#discard(this.#line);
  }

  /** Looks whether the master is still where it was. */
  async look(): Promise<void> {
    const line = this.#line;
    if (line?.node === undefined) return;
    const master = await this.#address.locate?.(this.#deadline);
    if (master?.id !== line.node.id) this.#discard(line);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#line !== undefined) this.#discard(this.#line);
    this.state.set('closed');
    this.#waiting.reject(closed());
    this.#wake();
  }

  /** One connection after the other. */
  async #keep(): Promise<void> {
    for (let tries = 0; !this.#isClosed; tries += 1) {
      try {
        const line = await this.#connect();
        tries = -1;
        await line.gone.promise;
      } catch (error) {
        this.#failed(error);
      }
      if (this.#isClosed) return;
      this.state.set('down');
      const pause = Math.min(longestPause, 25 * 2 ** Math.max(0, tries)) * (0.5 + Math.random() / 2);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #failed(error: unknown): void {
    this.#why = error;
    const trouble = troubleOf(error);
    // Where others look after it, or it was a master before, there will be one soon.
    const mayPass = this.identity !== '' || this.#address.locate !== undefined;
    if (!isFinal(trouble) && (mayPass || trouble.code !== 'REDIS_READ_ONLY')) return;
    this.#denied = trouble;
    this.#tell((waiting) => waiting.reject(trouble));
  }

  async #connect(): Promise<Line> {
    const { locate, urlOf, isCluster } = this.#address;
    const node = await locate?.(this.#deadline);
    const client = clientOf(urlOf(node), this.#deadline);
    const gone = deferred<void>();
    client.on('error', (error) => {
      this.#why = error;
      gone.resolve();
    });
    client.on('end', () => gone.resolve());
    try {
      // A block that rings before this server is known may seem to follow on what another one had.
      const onBell: ConnectionOptions['onBell'] = (channelId, text) => {
        if (this.#line?.client === client) this.#options.onBell(channelId, text);
      };
      const identity = await within(this.#deadline, meet(client, isCluster, onBell));
      const line: Line = { client, node, identity, gone };
      const command = (words: readonly string[]): Promise<unknown> =>
        within(this.#deadline, client.sendCommand(this.#sent(words)));
      await this.#options.prepare({ command, run: (...what) => runWith(command, ...what) }, identity);
      if (this.#isClosed) throw closed();
      void gone.promise.then(() => this.#discard(line));
      this.#up(line);
      return line;
    } catch (error) {
      if (client.isOpen) client.destroy();
      throw error;
    }
  }

  #up(line: Line): void {
    this.#line = line;
    this.identity = line.identity;
    this.#denied = undefined;
    this.#why = undefined;
    this.state.set('up');
    this.#tell((waiting) => waiting.resolve());
    this.#options.onGap();
  }

  #tell(how: (waiting: Deferred<void>) => void): void {
    const waiting = this.#waiting;
    this.#waiting = deferred<void>();
    this.#waiting.promise.catch(() => undefined);
    how(waiting);
  }

  /** As it is sent: whoever asks need not know that it goes to a cluster. */
  #sent(command: readonly string[]): readonly string[] {
    return this.#address.isCluster ? commandInSlot(command) : command;
  }

  async #inTime<T>(use: (client: Client) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw closed();
    const line = this.#line;
    if (line === undefined)
      throw hubError('REDIS_AWAY', `There is no connection to Redis: ${describe(this.#why)}`, { retryable: true });
    try {
      return await within(this.#deadline, use(line.client));
    } catch (error) {
      if (isBusError(error) || isElsewhere(error)) this.#discard(line);
      throw error;
    }
  }

  /** What was sent on it may still arrive; its answers may not. */
  #discard(line: Line): void {
    if (this.#line === line) {
      this.#line = undefined;
      this.state.set('down');
    }
    if (line.client.isOpen) line.client.destroy();
    line.gone.resolve();
  }
}

async function runWith(
  command: Asker['command'],
  { text, sha }: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args];
  try {
    return await command(['EVALSHA', sha, ...rest]);
  } catch (error) {
    if (!isReply(error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return command(['EVAL', text, ...rest]);
  }
}

function closed(): BusError {
  return busError('CLOSED', 'The log is closed.');
}
