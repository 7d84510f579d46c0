// A log that has grown large is opened as fast as a small one, and takes no more memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FileLog } from '../../src/node/file-log/file-log.ts';
import { blockOf } from '../../src/testing/sender.ts';

const count = 1_000_000;
const perBlock = 100;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'busline-open-'));
  const log = await FileLog.open({ directory });
  const contents = Array.from({ length: perBlock }, (_, n) => `message ${n} of its block`);
  const block = blockOf('a', contents);
  for (let n = 0; n < count / perBlock; n += 50) await log.append(Array.from({ length: 50 }, () => ({ block })));
  await log.close();
}, 60_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;

describe('a log in files of 1,000,000 messages', () => {
  test('is opened, and takes its next message, within 100 ms', async () => {
    const times: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      const begin = performance.now();
      const log = await FileLog.open({ directory });
      const [verdict] = await log.append([{ block: blockOf('a', ['next']) }]);
      times.push(performance.now() - begin);
      expect(verdict).toMatchObject({ kind: 'stored', offset: count + n + 1 });
      await log.close();
    }
    console.info(`opened in ${times.map((ms) => Math.round(ms)).join(', ')} ms`);
    expect(median(times)).toBeLessThan(100);
  });

  test('is read through without keeping what was read', async () => {
    const log = await FileLog.open({ directory });
    const readAll = async (): Promise<number> => {
      let after = 0;
      for (;;) {
        const last = (await log.read('a', after, 2048)).blocks.at(-1);
        if (last === undefined) return after;
        after = last.offset;
      }
    };
    expect(await readAll()).toBeGreaterThanOrEqual(count);
    const used = (): number => {
      const { heapUsed, external } = process.memoryUsage();
      return (heapUsed + external) / 1e6;
    };
    // Without a collection now, what is no more used is counted: only what grows with each pass is looked for.
    const before = used();
    for (let n = 0; n < 3; n += 1) await readAll();
    expect(used() - before).toBeLessThan(150);
    await log.close();
  });
});
