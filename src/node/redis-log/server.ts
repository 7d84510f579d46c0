// Redis, asked until it answers, for good or bad: the log is not lost because Redis is away.

import { busError } from '../../core/errors.ts';
import type { Connection } from './connection.ts';
import type { Script } from './scripts.ts';
import { isPassing, troubleOf } from './trouble.ts';

const pause = 100;

export class Server {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  command(command: readonly string[]): Promise<unknown> {
    return this.insist(() => this.#connection.command(command), command.slice(1, 2));
  }

  /** All of them, with nobody between. */
  transaction(commands: readonly (readonly string[])[]): Promise<readonly unknown[]> {
    const keys = commands.map(([, key = '']) => key);
    return this.insist(() => this.#connection.transaction(commands), keys);
  }

  run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.insist(() => this.#connection.run(script, keys, args), keys);
  }

  async insist<T>(task: () => Promise<T>, keys: readonly string[]): Promise<T> {
    for (;;) {
      if (!this.#connection.isReady) await this.#connection.ready();
      try {
        return await task();
      } catch (error) {
        if (this.#connection.state.getSnapshot() === 'closed') throw busError('CLOSED', 'The log is closed.');
        const named = keys.map((key) => this.#connection.nameOf(key));
        if (!isPassing(error)) throw troubleOf(error, named);
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }
}
