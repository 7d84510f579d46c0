// Processes on one log, killed at any moment: what was acknowledged is there, once and in order.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildProgram, check, Life } from './processes.ts';
import type { Program } from './processes.ts';
import type { Fact, Job } from './process/main.ts';
import { startRedis } from './redis-server.ts';

let program: Program;
beforeAll(async () => (program = await buildProgram()), 30_000);
afterAll(() => program.remove());

type Got = Extract<Fact, { t: 'got' }>;
const gotOf = (life: Life): Got[] => life.facts.filter((fact): fact is Got => fact.t === 'got');

/** Several processes send; `breakIt` is called again and again; then one more reads all. */
async function history(
  log: Job['log'],
  rounds: number,
  breakIt: (lives: Life[], n: number) => Promise<void>,
): Promise<void> {
  const lives: Life[] = [];
  const start = (): Life => {
    const life = new Life(program, { log, life: `p${lives.length}`, burst: 10, upTo: 1_000_000, group: false });
    lives.push(life);
    return life;
  };
  const running = [start(), start(), start()];
  await Promise.all(running.map((life) => life.until(() => life.stored > 0)));
  for (let n = 0; n < rounds; n += 1) {
    await breakIt(running, n);
    for (const [at, life] of running.entries()) {
      if (life.isGone) running[at] = start();
    }
    // Everybody goes on.
    await Promise.all(
      running.map((life) => {
        const before = life.stored;
        return life.until(() => life.stored > before + 20);
      }),
    );
  }
  await Promise.all(running.map((life) => life.kill()));
  const reader = new Life(program, { log, life: 'reader', burst: 0, upTo: 0, group: false });
  const acknowledged = Math.max(...lives.map(({ highest }) => highest));
  await reader.until(() => reader.got >= acknowledged);
  await reader.end();
  expect(check(lives, gotOf(reader)).slice(0, 10)).toEqual([]);
  expect(acknowledged).toBeGreaterThan(rounds * 60);
}

describe('processes that are killed', () => {
  test('lose, double and reorder nothing in a folder', { timeout: 120_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'busline-kills-'));
    await history({ directory, segmentSize: 50_000 }, 15, async (running, n) => {
      await running[n % 3]?.kill();
    });
    await rm(directory, { recursive: true, force: true });
  });

  test('lose, double and reorder nothing in Redis, which is killed as well', { timeout: 120_000 }, async () => {
    const redis = await startRedis('--appendonly', 'yes', '--appendfsync', 'always');
    await history({ url: redis.url }, 10, async (running, n) => {
      if (n % 2 === 0) return running[n % 3]?.kill();
      await redis.kill();
      return redis.start();
    });
    await redis.remove();
  });
});
