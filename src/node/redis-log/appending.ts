// One batch of blocks on its way into its channel, as often as it takes.

import { randomName, systemPlatform } from '../../core/platform.ts';
import { hubError } from '../hub-error.ts';
import { bellOf } from './answers.ts';
import type { Connection } from './connection.ts';
import { catalogue, epochKey, keysOf, kindsOf, recordsKey } from './keys.ts';
import type { Kinds } from './keys.ts';
import { appendScript } from './scripts.ts';
import type { Server } from './server.ts';

export class Appending {
  readonly #storeId: string;
  readonly #connection: Connection;
  readonly #server: Server;
  /** Channels that are in the catalogue for sure. */
  readonly #listed = new Set<string>();

  constructor(storeId: string, connection: Connection, server: Server) {
    this.#storeId = storeId;
    this.#connection = connection;
    this.#server = server;
  }

  /** Another server may not know what this one knew. */
  startOver(): void {
    this.#listed.clear();
  }

  /** What appends these blocks; called again, it appends none of them twice. */
  of(channelId: string, args: readonly string[]): () => Promise<unknown> {
    const { log, meta, marks, bell } = keysOf(channelId);
    const keys = [log, meta, recordsKey, marks, epochKey];
    const candidate = randomName(systemPlatform);
    const told = bellOf(args);
    let isAgain = false;
    const append = async (): Promise<unknown> => {
      await this.#list(channelId);
      const before = [candidate, bell, this.#storeId, isAgain ? '1' : '0', told, this.#connection.identity];
      isAgain = true;
      const answer = await this.#connection.run(appendScript, keys, [...before, ...args]);
      if (answer !== null) return answer;
      this.#connection.renew();
      throw hubError('REDIS_AWAY', 'Redis is another one than before.', { retryable: true });
    };
    return () => this.#server.insist(append, keys);
  }

  /** A channel is in the catalogue before it holds anything. */
  async #list(channelId: string): Promise<void> {
    if (this.#listed.has(channelId)) return;
    await checkKinds(this.#connection, kindsOf(channelId));
    await this.#connection.command(['SADD', catalogue, channelId]);
    this.#listed.add(channelId);
  }
}

/** Nothing is written where somebody else keeps something. */
export async function checkKinds(connection: Connection, kinds: Kinds): Promise<void> {
  const types = await connection.transaction(kinds.map(([key]) => ['TYPE', key]));
  kinds.forEach(([key, kind], at) => {
    const type = String(types[at]);
    if (type !== 'none' && type !== kind)
      throw hubError('FOREIGN_KEY', `"${connection.nameOf(key)}" holds a ${type} that is not of the bus.`);
  });
}
