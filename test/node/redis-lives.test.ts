// Processes on a Redis that dies, forgets, or whose replica takes over: what was acknowledged is there, once and in order.
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildProgram, check, Life } from './lives.ts';
import type { Program } from './lives.ts';
import type { Fact, Job } from './lives/main.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';
import { startSentinels } from './redis-sentinels.ts';
import type { Sentinels } from './redis-sentinels.ts';

let program: Program;
beforeAll(async () => (program = await buildProgram()), 30_000);
afterAll(() => program.remove());

const removing: (() => Promise<void>)[] = [];
const running: Life[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((life) => life.kill()));
  for (const remove of removing.splice(0)) await remove();
});

async function startServer(): Promise<RedisServer> {
  const redis = await startRedis('--appendonly', 'yes', '--appendfsync', 'always');
  removing.push(() => redis.remove());
  return redis;
}

type Got = Extract<Fact, { t: 'got' }>;

const gotOf = (life: Life): Got[] => life.facts.filter((fact): fact is Got => fact.t === 'got');

function start(url: string, life: string, burst: number): Life {
  const job: Job = { log: { url }, life, burst, upTo: burst === 0 ? 0 : 1_000_000, group: false };
  const started = new Life(program, job);
  running.push(started);
  return started;
}

interface Round {
  readonly lives: Life[];
  readonly n: number;
  /** Resolves when everybody has gone on. */
  readonly more: () => Promise<void>;
}

/** Three processes send; `breakIt` is called again and again, and everybody goes on; then one more reads all. What is wrong? */
async function history(
  url: string,
  rounds: number,
  breakIt: (round: Round) => Promise<void>,
): Promise<readonly string[]> {
  const lives = ['a', 'b', 'c'].map((life) => start(url, life, 10));
  const senders = lives.slice();
  const more = async (): Promise<void> => {
    const goOn = lives.map((life) => {
      const before = life.stored;
      return life.until(() => life.stored > before + 20);
    });
    await Promise.all(goOn);
  };
  await more();
  for (let n = 0; n < rounds; n += 1) {
    await breakIt({ lives, n, more });
    for (const [at, life] of lives.entries()) {
      if (!life.isGone) continue;
      lives[at] = start(url, `p${senders.length}`, 10);
      senders.push(lives[at]);
    }
    await more();
  }
  await Promise.all(lives.map((life) => life.kill()));
  const reader = start(url, 'reader', 0);
  const acknowledged = Math.max(...senders.map(({ highest }) => highest));
  await reader.until(() => reader.got >= acknowledged);
  await reader.end();
  expect(acknowledged).toBeGreaterThan(rounds * 60);
  return check(senders, gotOf(reader)).slice(0, 10);
}

describe('processes on Redis lose, double and reorder nothing', () => {
  test('when they are killed, and Redis as well', { timeout: 120_000 }, async () => {
    const redis = await startServer();
    const problems = await history(redis.url, 8, async ({ lives, n }) => {
      if (n % 2 === 0) return lives[n % 3]?.kill();
      await redis.kill();
      return redis.start();
    });
    expect(problems).toEqual([]);
  });

  test('when an older copy of Redis is put back', { timeout: 120_000 }, async () => {
    const redis = await startServer();
    const problems = await history(redis.url, 5, async ({ more }) => {
      const putBack = await redis.copy();
      await more();
      await redis.kill();
      await putBack();
      await redis.start();
    });
    expect(problems).toEqual([]);
  });

  test('when Redis has never heard of them, and one comes later than the other', { timeout: 120_000 }, async () => {
    const redis = await startServer();
    const putBack = await redis.copy();
    const lives = [start(redis.url, 'a', 10)];
    await lives[0]?.until(() => lives[0]?.stored === 10);
    lives.push(start(redis.url, 'b', 10));
    const [a, b] = lives as [Life, Life];
    await b.until(() => b.stored >= 20 && gotOf(a).some(({ life, n }) => life === 'b' && n === 20));
    b.signal('SIGSTOP');
    await redis.kill();
    await putBack();
    await redis.start();
    await vi.waitFor(async () => expect(await ask(redis.url, 'KEYS', 'bl:waiting:*')).toHaveLength(1), 5000);
    // The one that is awake has said that there is another one.
    expect(await ask(redis.url, 'SCARD', 'bl:processes')).toBe(2);
    b.signal('SIGCONT');
    const before = lives.map(({ stored }) => stored);
    await Promise.all(lives.map((life, at) => life.until(() => life.stored > (before[at] as number) + 20)));
    await Promise.all(lives.map((life) => life.kill()));
    const reader = start(redis.url, 'reader', 0);
    await reader.until(() => reader.got >= Math.max(a.highest, b.highest));
    await reader.end();
    expect(check(lives, gotOf(reader)).slice(0, 10)).toEqual([]);
  });

  test('when one was asleep while another one went on without it', { timeout: 120_000 }, async () => {
    const redis = await startServer();
    const a = start(redis.url, 'a', 10);
    await a.until(() => a.stored > 20);
    const putBack = await redis.copy();
    await a.until(() => a.stored > 60);
    a.signal('SIGSTOP');
    await redis.kill();
    await putBack();
    await redis.start();
    const b = start(redis.url, 'b', 10);
    await b.until(() => b.stored > 20);
    a.signal('SIGCONT');
    await a.until(() => a.stored > 120);
    await Promise.all([a.kill(), b.kill()]);
    const reader = start(redis.url, 'reader', 0);
    const highest = Math.max(a.highest, b.highest);
    await reader.until(() => gotOf(reader).some(({ offset }) => offset >= highest));
    await reader.end();
    for (const life of [a, b]) {
      const own = (by: Life): number[] => gotOf(by).flatMap((got) => (got.life === life.job.life ? [got.n] : []));
      const stored = life.facts.flatMap((fact) => (fact.t === 'stored' ? [fact.n] : []));
      expect(own(reader)).toEqual(own(reader).toSorted((x, y) => x - y));
      expect(stored.filter((n) => !own(reader).includes(n))).toEqual([]);
      for (const by of [a, b, reader]) expect(new Set(own(by)).size).toBe(own(by).length);
    }
  });

  test('when sentinels make the replica the master, which had not got all', { timeout: 240_000 }, async () => {
    const all = await startSentinels('--appendonly', 'yes');
    removing.push(() => all.remove());
    await vi.waitFor(async () => expect(await known(all)).toMatch(/slaves=1,sentinels=3/), patient);
    let last: RedisServer | undefined;
    const problems = await history(all.url, 2, async ({ more, n }) => {
      const [master, replica] = await inOrder(all);
      if (n === 0) return failOver(all, master);
      // What comes from now on, the replica does not get.
      await ask(master.url, 'ACL', 'SETUSER', 'default', '-psync', '-sync');
      await ask(master.url, 'CLIENT', 'KILL', 'TYPE', 'replica');
      await more();
      const heads = [master, replica].map(({ url }) => ask(url, 'HGET', 'bl:{room}:meta', 'head'));
      const [had, has] = (await Promise.all(heads)).map(Number) as [number, number];
      expect(has).toBeLessThan(had);
      await master.kill();
      last = replica;
      return undefined;
    });
    expect(problems).toEqual([]);
    expect(last && (await isMaster(last))).toBe(true);
  });
});

/**
 * Sentinels make the former master a replica when they have not taken it for dead for 8 seconds: half a second in which nothing
 * ran begins them anew.
 */
const patient = { timeout: 60_000, interval: 100 };

const isMaster = async ({ url }: RedisServer): Promise<boolean> => String(await ask(url, 'ROLE')).startsWith('master');

async function inOrder({ master, replica }: Sentinels): Promise<readonly [master: RedisServer, replica: RedisServer]> {
  return (await isMaster(master)) ? [master, replica] : [replica, master];
}

/** In good order: what is the master now is the replica then. */
async function failOver(all: Sentinels, { port }: RedisServer): Promise<void> {
  const isOver = async (): Promise<boolean> =>
    Number(((await ask(sentinelOf(all), 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'bus')) as string[])[1]) !== port;
  await vi.waitFor(async () => {
    // It may be refused for now, or begun and given up, when the sentinels have not heard of the replica for too long.
    await ask(sentinelOf(all), 'SENTINEL', 'FAILOVER', 'bus').catch(() => undefined);
    await vi.waitFor(async () => expect(await isOver()).toBe(true), { timeout: 5000, interval: 100 });
  }, patient);
  await vi.waitFor(async () => {
    const [master, replica] = await inOrder(all);
    expect([await isMaster(master), await isMaster(replica)]).toEqual([true, false]);
    expect(await ask(replica.url, 'INFO', 'replication')).toContain('master_link_status:up');
  }, patient);
}

async function ask(url: string, ...words: string[]): Promise<unknown> {
  const client = await createClient({ url }).connect();
  try {
    return await client.sendCommand(words);
  } finally {
    client.destroy();
  }
}

function sentinelOf({ url }: Sentinels): string {
  const [, port] = /:(\d+),/.exec(url) ?? [];
  return `redis://127.0.0.1:${port}`;
}

/** What the first sentinel knows of the others and of the replica. */
async function known(all: Sentinels): Promise<string> {
  return String(await ask(sentinelOf(all), 'INFO', 'sentinel'));
}
