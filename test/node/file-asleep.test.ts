// Processes that are stopped for a while, as a debugger, a full machine or a closed lid does it, while the others go on.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { MessageBusCore } from 'busline/core';
import type { StoredBlock } from 'busline/core';
import { FileLog } from '../../src/node/file-log/file-log.ts';
import { contentsOf, readAll } from '../../src/testing/log-setup.ts';
import { blockOf } from '../../src/testing/sender.ts';
import { buildProgram, check, Life } from './lives.ts';
import type { Program } from './lives.ts';
import type { Fact, Job } from './lives/main.ts';

let program: Program;
let directory: string;
const lives: Life[] = [];
beforeAll(async () => (program = await buildProgram()), 30_000);
afterAll(() => program.remove());
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'busline-asleep-'))));
afterEach(async () => {
  await Promise.all(lives.splice(0).map((life) => life.kill()));
  await rm(directory, { recursive: true, force: true });
});

const segmentSize = 20_000;
function start(name: string, more: Partial<Job> = {}): Life {
  const log = { directory, segmentSize };
  const life = new Life(program, { log, life: name, burst: 10, upTo: 1_000_000, group: false, ...more });
  lives.push(life);
  return life;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);
type Got = Extract<Fact, { t: 'got' }>;
const within = { timeout: 15_000 };
const goesOn = async (life: Life, count = 20): Promise<void> => {
  const before = life.stored;
  await life.until(() => life.stored > before + count);
};
const codesOf = (life: Life): string[] => life.facts.flatMap((fact) => (fact.t === 'trouble' ? [fact.code] : []));

/** What the log tells, from its beginning. */
async function witness(): Promise<{ log: FileLog; got: Got[] }> {
  const log = await FileLog.open({ directory, segmentSize, poll: 50 });
  const got: Got[] = [];
  log.follow((blocks: readonly StoredBlock[]) => {
    for (const [offset, content] of contentsOf(blocks))
      got.push({ t: 'got', offset, ...(content as { life: string; n: number }) });
  });
  return { log, got };
}

describe('a process that sleeps', () => {
  test('while others begin new files, and drop those it has open, goes on with them', { timeout: 90_000 }, async () => {
    const { log, got } = await witness();
    const [sleeper, ...others] = ['sleeper', 'b', 'c'].map((name) => start(name)) as [Life, Life, Life];
    await Promise.all(lives.map((life) => goesOn(life)));
    for (let round = 0; round < 4; round += 1) {
      sleeper.signal('SIGSTOP');
      const before = (await readdir(join(directory, 'channels', 'room'))).length;
      await vi.waitFor(async () => {
        await Promise.all(others.map((life) => goesOn(life)));
        expect((await readdir(join(directory, 'channels', 'room'))).length).toBeGreaterThan(before + 3);
      }, within);
      await log.trim('room', (await log.head('room')).head - 30);
      const sizes = (await readdir(join(directory, 'channels', 'room'))).map((name) =>
        stat(join(directory, 'channels', 'room', name)),
      );
      expect((await Promise.all(sizes)).filter(({ size }) => size > 100).length).toBeLessThan(6);
      sleeper.signal('SIGCONT');
      await Promise.all(lives.map((life) => goesOn(life)));
    }
    await Promise.all(lives.map((life) => life.kill()));
    const highest = Math.max(...lives.map((life) => life.highest));
    await vi.waitFor(() => expect(got.at(-1)?.offset).toBeGreaterThanOrEqual(highest), within);
    // What was dropped while it slept it never got.
    const problems = check(lives, got).filter((problem) => !problem.startsWith('gap: sleeper'));
    expect(problems).toEqual([]);
    const late = await FileLog.open({ directory, segmentSize });
    expect(await late.head('room')).toEqual(await log.head('room'));
    expect(contentsOf(await readAll(late, 'room'))).toEqual(contentsOf(await readAll(log, 'room')));
    await Promise.all([log.close(), late.close()]);
  });

  test('with a file open does not bring back what was deleted meanwhile', { timeout: 60_000 }, async () => {
    const { log } = await witness();
    const sleeper = start('sleeper');
    await goesOn(sleeper);
    const secret = 'the-secret-text';
    const [verdict] = await log.append([{ block: blockOf('room', [{ secret }]) }]);
    await goesOn(sleeper);
    sleeper.signal('SIGSTOP');
    const { offset } = verdict as { offset: number };
    const [block] = (await log.read('room', offset - 1, 1)).blocks;
    const { header, logId, appendedAt } = block as StoredBlock;
    await log.replace({ header, logId, offset, appendedAt, json: '[{"deleted":true}]' });
    const holding = async (): Promise<readonly string[]> => {
      const folder = join(directory, 'channels', 'room');
      const names = await readdir(folder);
      const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
      return names.filter((_, at) => texts[at]?.includes(secret));
    };
    expect(await holding()).toEqual([]);
    sleeper.signal('SIGCONT');
    await goesOn(sleeper, 100);
    expect(await holding()).toEqual([]);
    const late = start('late', { burst: 0, upTo: 0 });
    await late.until(() => late.got > 100);
    expect(JSON.stringify(late.facts).includes(secret)).toBe(false);
    await log.close();
  });

  test(
    'with messages of a group in hand loses them to another, and is told so when it wakes',
    { timeout: 60_000 },
    async () => {
      const log = await FileLog.open({ directory, segmentSize });
      const bus = new MessageBusCore({ log });
      const sleeper = start('sleeper', { burst: 0, upTo: 0, group: true, slow: 300, lease: 60_000 });
      await sleeper.until(() => sleeper.facts.some(({ t }) => t === 'ready'));
      await Promise.all(
        Array.from({ length: 40 }, (_, n) => bus.send({ channelId: 'room', content: { life: 'main', n: n + 1 } })),
      );
      await sleeper.until(() => sleeper.facts.some(({ t }) => t === 'began'));
      sleeper.signal('SIGSTOP');
      const other = start('other', { burst: 0, upTo: 0, group: true, slow: 5 });
      const doneBy = (life: Life): number[] => life.facts.flatMap((fact) => (fact.t === 'ended' ? [fact.offset] : []));
      // Long before the leases end: the process is taken to be dead.
      await vi.waitFor(() => expect(new Set([...doneBy(other), ...doneBy(sleeper)]).size).toBe(40), {
        timeout: 20_000,
      });
      await vi.waitFor(
        async () => expect((await bus.admin.groups('room'))[0]).toMatchObject({ pending: 0, lag: 0 }),
        within,
      );
      sleeper.signal('SIGCONT');
      await vi.waitFor(() => expect(codesOf(sleeper)).toContain('LEASE_LOST'), within);
      const begun = (life: Life, nth: number): number[] =>
        life.facts.flatMap((fact) => (fact.t === 'began' && fact.attempt === nth ? [fact.offset] : []));
      const again = begun(other, 2);
      expect(again.length).toBeGreaterThan(0);
      expect(begun(sleeper, 1)).toEqual(expect.arrayContaining(again));
      // Each other one was begun by one of them alone.
      expect([...begun(sleeper, 1), ...begun(other, 1)].toSorted((x, y) => x - y)).toEqual(numbers(40));
      // It is a member again.
      await other.kill();
      await bus.send({ channelId: 'room', content: { life: 'main', n: 41 } });
      await vi.waitFor(() => expect(doneBy(sleeper)).toContain(41), within);
      await bus.close();
    },
  );
});

describe('groups while files are begun and dropped', () => {
  test('hand every message out once', { timeout: 60_000 }, async () => {
    const log = await FileLog.open({ directory, segmentSize });
    const bus = new MessageBusCore({ log, retention: { bytes: 10_000 } });
    const workers = ['a', 'b', 'c'].map((name) =>
      start(name, { burst: name === 'c' ? 10 : 0, upTo: name === 'c' ? 3000 : 0, group: true }),
    );
    const second: number[] = [];
    bus.consume('room', { group: 'second', concurrency: 16 }, ({ offset }) => void second.push(offset));
    const sender = workers[2] as Life;
    await sender.until(() => sender.facts.some(({ t }) => t === 'drained'));
    const ended = (): number[] =>
      workers.flatMap(({ facts }) => facts.flatMap((fact) => (fact.t === 'ended' ? [fact.offset] : [])));
    await vi.waitFor(() => expect([ended().length, second.length]).toEqual([3000, 3000]), { timeout: 30_000 });
    const all = numbers(3000);
    expect(ended().toSorted((x, y) => x - y)).toEqual(all);
    expect(second.toSorted((x, y) => x - y)).toEqual(all);
    await vi.waitFor(async () => expect((await log.head('room')).bytes).toBeLessThan(20_000), within);
    expect(lives.flatMap((life) => codesOf(life))).toEqual([]);
    await bus.close();
  });
});
