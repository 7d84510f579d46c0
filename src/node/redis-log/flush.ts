// When what was appended is forced to disk. It is never said where it is not known:
// - Redis 7.2 and newer with AOF is asked (WAITAOF);
// - an older one with AOF and "appendfsync always" has done it before it answers;
// - without these, a replica that has it stands in for the disk (WAIT): one power failure does not take both;
// - where there is none of them, it is refused before anything is appended.

import { hubError } from '../hub-error.ts';
import type { Connection } from './connection.ts';
import { configOf, infoOf } from './findings.ts';
import { processKey } from './keys.ts';
import { lifetime } from './processes.ts';
import type { Server } from './server.ts';
import { isPassing } from './trouble.ts';

type Proof = 'reply' | 'WAITAOF' | 'WAIT';

export class Flushing {
  readonly #storeId: string;
  readonly #connection: Connection;
  readonly #server: Server;
  readonly #deadline: number;

  constructor(storeId: string, connection: Connection, server: Server, deadline: number) {
    this.#storeId = storeId;
    this.#connection = connection;
    this.#server = server;
    this.#deadline = deadline;
  }

  /** Appends, and resolves when that is on disk. */
  async flushed<T>(append: () => Promise<T>): Promise<T> {
    for (;;) {
      const proof = await this.#proof();
      const appended = await append();
      const { identity } = this.#connection;
      if (proof !== 'reply') await this.#wait(proof);
      // What another server says is no proof of what this one had.
      if (this.#connection.identity === identity) return appended;
    }
  }

  /** Asked each time: an operator may have changed it. */
  async #proof(): Promise<Proof> {
    const info = infoOf(String(await this.#server.command(['INFO'])));
    const hasAof = info.get('aof_enabled') === '1';
    const [major = 0, minor = 0] = (info.get('redis_version') ?? '').split('.').map(Number);
    if (hasAof && (major > 7 || (major === 7 && minor >= 2))) return 'WAITAOF';
    if (hasAof && (await this.#fsync()) === 'always') return 'reply';
    if (Number(info.get('connected_slaves') ?? 0) > 0) return 'WAIT';
    throw hubError(
      'INVALID_SETTINGS',
      'This Redis cannot say that a message is on disk: set "appendonly yes" and "appendfsync always", use Redis 7.2 or newer, give it a replica, or send without "flushed".',
    );
  }

  /** Undefined where it may not be asked. */
  async #fsync(): Promise<string | undefined> {
    const ask = ['CONFIG', 'GET', 'appendfsync'];
    const refused = (error: unknown): undefined => {
      if (isPassing(error)) throw error;
    };
    const answer = await this.#server.insist(() => this.#connection.command(ask).catch(refused), []);
    return answer === undefined ? undefined : configOf(answer).get('appendfsync');
  }

  async #wait(proof: Exclude<Proof, 'reply'>): Promise<void> {
    const patience = String(Math.max(1, Math.floor(this.#deadline * 0.8)));
    const wait = proof === 'WAIT' ? ['WAIT', '1', patience] : ['WAITAOF', '1', '0', patience];
    // It is waited for what this connection wrote: the append may have come by another one, so something is written before.
    const write = ['SET', processKey(this.#storeId), '1', 'PX', String(lifetime)];
    const answer = await this.#server.insist(() => this.#connection.inOrder([write, wait]), []);
    const [confirmed] = [answer.at(-1)].flat();
    if (Number(confirmed) >= 1) return;
    throw hubError('REDIS_AWAY', 'It is stored, and in time nobody confirmed that it is on disk.', {
      retryable: true,
      accepted: true,
    });
  }
}
