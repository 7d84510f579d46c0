// Which processes are on this Redis: each says every now and then that it is there, and sees to what the dead left behind.

import { processesKey, processKey } from './keys.ts';
import type { Connection } from './connection.ts';
import type { Server } from './server.ts';

/** How long a process that is not heard of is taken to live, and how often it is heard of. */
export const lifetime = 5000;
export const beat = 1500;

export class Processes {
  readonly #storeId: string;
  readonly #connection: Connection;
  readonly #server: Server;
  readonly #mourners = new Set<() => void>();
  /** By how much the clock of Redis is ahead of `performance.now()`. */
  #ahead = 0;
  readonly #known = new Set<string>();
  /** Whether it has said once that it is there. */
  #isListed = false;
  /** Until then nobody is taken for dead, by `performance.now()`. */
  #doubtsUntil = 0;

  constructor(storeId: string, connection: Connection, server: Server) {
    this.#storeId = storeId;
    this.#connection = connection;
    this.#server = server;
  }

  /** What Redis would say now, in milliseconds. */
  now(): number {
    return performance.now() + this.#ahead;
  }

  onGone(listener: () => void): void {
    this.#mourners.add(listener);
  }

  async beat(): Promise<void> {
    const [before] = await this.#connection.transaction([
      ['SET', processKey(this.#storeId), '1', 'PX', String(lifetime), 'GET'],
      ['SADD', processesKey, this.#storeId],
    ]);
    if (before === null && this.#isListed) this.#doubt();
    this.#isListed = true;
    const [seconds, micros] = (await this.#connection.command(['TIME'])) as [string, string];
    this.#ahead = Math.max(this.#ahead, Number(seconds) * 1000 + Number(micros) / 1000 - performance.now());
  }

  /** The one that strikes a process off the list sees to what it left behind. */
  async look(): Promise<void> {
    await this.listed();
    const dead = await this.dead(this.known.filter((storeId) => storeId !== this.#storeId));
    for (const storeId of dead) {
      this.#known.delete(storeId);
      if (Number(await this.#connection.command(['SREM', processesKey, storeId])) === 1)
        for (const told of this.#mourners) told();
    }
  }

  /** Hears of all that have said that they are there. */
  async listed(): Promise<void> {
    const all = (await this.#connection.command(['SMEMBERS', processesKey])) as Iterable<string>;
    for (const storeId of all) this.#known.add(storeId);
  }

  /** It has rung. */
  heard(storeId: string): void {
    this.#known.add(storeId);
  }

  /** Those that were heard of, and are not known to be gone; a Redis that was set back may not know all of them. */
  get known(): readonly string[] {
    return [...this.#known];
  }

  async dead(storeIds: readonly string[]): Promise<readonly string[]> {
    const asked = [this.#storeId, ...storeIds].map((storeId) => ['EXISTS', processKey(storeId)]);
    const [own, ...lives] = await this.#server.transaction(asked);
    if (Number(own) === 0) this.#doubt();
    if (performance.now() < this.#doubtsUntil) return [];
    return storeIds.filter((_, at) => Number(lives[at]) === 0);
  }

  /** It was not heard of itself, though it lives: so may the others, who come back one by one, or Redis was away. */
  #doubt(): void {
    this.#doubtsUntil = performance.now() + lifetime;
  }

  async leave(): Promise<void> {
    await this.#connection.command(['DEL', processKey(this.#storeId)]).catch(() => undefined);
  }
}
