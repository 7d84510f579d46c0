// Processes on a cluster of Redis whose master dies, gives way, or gives the slot of the bus to another one: what was
// acknowledged is there, once and in order.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildProgram, check, Life } from './lives.ts';
import type { Program } from './lives.ts';
import type { Fact, Job } from './lives/main.ts';
import { askNode, startCluster } from './redis-cluster-nodes.ts';
import type { RedisCluster } from './redis-cluster-nodes.ts';
import type { RedisServer } from './redis-server.ts';

let program: Program;
let cluster: RedisCluster;
const running: Life[] = [];

beforeAll(async () => {
  program = await buildProgram();
  cluster = await startCluster();
});
afterAll(async () => {
  await program.remove();
  await cluster.remove();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((life) => life.kill()));
  await cluster.clear();
});

function start(life: string, { burst = 10, group = false } = {}): Life {
  const job: Job = { log: { url: cluster.url }, life, burst, upTo: burst === 0 ? 0 : 1_000_000, group };
  const started = new Life(program, job);
  running.push(started);
  return started;
}

const factsOf = <T extends Fact['t']>(life: Life, t: T): Extract<Fact, { t: T }>[] =>
  life.facts.filter((fact): fact is Extract<Fact, { t: T }> => fact.t === t);

/** Resolves when each of them has gone on for so long. */
async function more(lives: readonly Life[], messages = 60): Promise<void> {
  await Promise.all(
    lives.map((life) => {
      const before = life.stored;
      return life.until(() => life.stored > before + messages);
    }),
  );
}

interface Lives {
  readonly senders: readonly Life[];
  /** Members of a group. */
  readonly members: readonly Life[];
  /** Resolves when everybody has gone on. */
  readonly goOn: () => Promise<void>;
}

/** Two processes send, one reads; `breakIt` is called between. Then one more reads all: what is wrong? */
async function history(breakIt: (lives: Lives) => Promise<void>, group = false): Promise<readonly string[]> {
  const senders = ['a', 'b'].map((life) => start(life, { group }));
  const reader = start('c', { burst: 0, group });
  const goOn = async (): Promise<void> => {
    await more(senders);
    const highest = Math.max(...senders.map((life) => life.highest));
    await reader.until(() => reader.got >= highest);
  };
  await goOn();
  const lives = [...senders, reader];
  await breakIt({ senders, members: lives, goOn });
  await goOn();
  const highest = Math.max(...senders.map((life) => life.highest));
  if (group) await vi.waitFor(() => expect(undone(lives, highest)).toEqual([]), 30_000);
  await Promise.all(lives.map((life) => life.kill()));
  const late = start('late', { burst: 0 });
  await late.until(() => late.got >= highest);
  await late.end();
  return check(lives, factsOf(late, 'got')).slice(0, 10);
}

/** Messages that no member has ended its work on. */
function undone(members: readonly Life[], upTo: number): readonly number[] {
  const ended = new Set<number>(members.flatMap((life) => factsOf(life, 'ended').map(({ offset }) => offset)));
  return Array.from({ length: upTo }, (_, at) => at + 1)
    .filter((offset) => !ended.has(offset))
    .slice(0, 10);
}

describe('processes on a cluster lose, double and reorder nothing', () => {
  test('when the master of the bus is killed, and what comes after it', { timeout: 120_000 }, async () => {
    const problems = await history(async ({ goOn }) => {
      for (let n = 0; n < 2; n += 1) {
        const { master } = await cluster.serving();
        await master.kill();
        await goOn();
        expect((await cluster.serving().catch(() => undefined))?.master).not.toBe(master);
        await master.start();
        await cluster.whole();
      }
    });
    expect(problems).toEqual([]);
  });

  test('when the master sleeps, and wakes as one that is none any more', { timeout: 120_000 }, async () => {
    const problems = await history(async ({ goOn }) => {
      const { master, replica } = await cluster.serving();
      master.signal('SIGSTOP');
      await vi.waitFor(async () => expect(String(await askNode(replica, 'ROLE'))).toMatch(/^master/), 30_000);
      await goOn();
      master.signal('SIGCONT');
      await cluster.whole();
    });
    expect(problems).toEqual([]);
  });

  test('when the replica that takes over had not got all', { timeout: 120_000 }, async () => {
    const killed: RedisServer[] = [];
    const problems = await history(async ({ goOn }) => {
      const { master, replica } = await cluster.serving();
      killed.push(master);
      // What comes from now on, the replica does not get.
      await askNode(master, 'ACL', 'SETUSER', 'default', '-psync', '-sync');
      await askNode(master, 'CLIENT', 'KILL', 'TYPE', 'replica');
      await goOn();
      const heads = [replica, master].map((node) => askNode(node, 'HGET', '{bl}:{room}:meta', 'head'));
      const [had, has] = (await Promise.all(heads)).map(Number) as [number, number];
      expect(had).toBeLessThan(has);
      await master.kill();
      await vi.waitFor(async () => expect(String(await askNode(replica, 'ROLE'))).toMatch(/^master/), 30_000);
    });
    expect(problems).toEqual([]);
    for (const node of killed) await node.start();
    await cluster.whole();
  });

  test('when the replica takes over in good order', { timeout: 120_000 }, async () => {
    const problems = await history(async ({ goOn }) => {
      for (let n = 0; n < 3; n += 1) {
        await cluster.failOver();
        await goOn();
      }
    }, true);
    expect(problems).toEqual([]);
  });

  test('when the slot of the bus moves to another master', { timeout: 120_000 }, async () => {
    const problems = await history(async ({ goOn }) => {
      for (let n = 0; n < 3; n += 1) {
        const before = (await cluster.serving()).master;
        await askNode(before, 'CONFIG', 'RESETSTAT');
        // Somebody has come upon it.
        await cluster.moveSlot(() =>
          vi.waitFor(async () => expect(await askNode(before, 'INFO', 'errorstats')).toMatch(/_(ASK|TRYAGAIN):/), 5000),
        );
        expect((await cluster.serving()).master).not.toBe(before);
        await goOn();
      }
    }, true);
    expect(problems).toEqual([]);
  });
});
