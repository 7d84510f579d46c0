// What groups are whose members are in several processes' logs: for every log that processes share.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { agent, MessageBusCore } from 'busline/core';
import type { ConsumeOptions, Log } from 'busline/core';
import { worker } from '../core/group-support.ts';

export interface SharedSetup {
  /** Another log on the same place. */
  readonly open: () => Promise<Log>;
  /** How many members there are in all groups of the place. */
  readonly members: () => Promise<number>;
  /** After each test: the next one has a new place. */
  readonly next: () => unknown;
}

export const within = { timeout: 5000 };
export const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

export function doer(bus: MessageBusCore, options: Partial<ConsumeOptions> = {}, channel = 'work'): unknown[] {
  const done: unknown[] = [];
  bus.consume(channel, { group: 'w', ...options }, ({ content }) => void done.push(content));
  return done;
}

export async function sendAll(bus: MessageBusCore, contents: readonly unknown[], channelId = 'work'): Promise<void> {
  await Promise.all(contents.map((content) => bus.send({ channelId, content: content as never })));
}

export function testSharedGroups(name: string, { open, members, next }: SharedSetup): void {
  describe(`a group over several processes with ${name}`, () => {
    const buses: MessageBusCore[] = [];
    afterEach(async () => {
      await Promise.all(buses.splice(0).map((bus) => bus.close()));
      await next();
    });

    async function openBuses(count: number): Promise<MessageBusCore[]> {
      const opened = await Promise.all(
        Array.from({ length: count }, async () => new MessageBusCore({ log: await open() })),
      );
      buses.push(...opened);
      return opened;
    }

    test('hands each message to one member', async () => {
      const all = await openBuses(3);
      const done = all.map((bus) => doer(bus, { concurrency: 4 }));
      await sendAll(all[0] as MessageBusCore, numbers(600));
      await vi.waitFor(() => expect(done.flat().length).toBe(600), within);
      expect(done.flat().toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers(600));
      expect(done.every((own) => own.length > 0)).toBe(true);
      const [info] = await (all[1] as MessageBusCore).admin.groups('work');
      await vi.waitFor(async () => expect((await all[1]?.admin.groups('work'))?.[0]?.pending).toBe(0), within);
      expect(info).toMatchObject({ group: 'w', channelId: 'work', members: 3, lag: 0 });
    });

    test('hands out what is urgent first', async () => {
      const [a, b] = (await openBuses(2)) as [MessageBusCore, MessageBusCore];
      const work = worker(b);
      work.consumer.pause();
      for (const priority of ['low', 'normal', 'critical', 'high', 'critical'] as const)
        await a.send({ channelId: 'work', content: priority, priority });
      work.consumer.resume();
      for (let n = 0; n < 5; n += 1) {
        await vi.waitFor(() => expect(work.calls.length).toBe(n + 1), within);
        work.calls[n]?.end();
      }
      expect(work.told()).toEqual(['critical 1', 'critical 1', 'high 1', 'normal 1', 'low 1']);
    });

    test('gives up what fails too often, and takes it back from anybody', async () => {
      const [a, b] = (await openBuses(2)) as [MessageBusCore, MessageBusCore];
      const work = worker(b, { maxAttempts: 2, backoff: { initial: 10, max: 10, factor: 1, jitter: false } });
      await sendAll(a, ['poison']);
      for (const n of [1, 2]) {
        await vi.waitFor(() => expect(work.calls.length).toBe(n), within);
        work.calls[n - 1]?.fail(`why ${n}`);
      }
      await vi.waitFor(async () => expect((await a.admin.deadLetters()).length).toBe(1), within);
      const [letter] = await a.admin.deadLetters();
      expect(letter).toMatchObject({ group: 'w', reason: 'why 2', attempts: 2, message: { content: 'poison' } });
      expect(await a.admin.redrive({ group: 'w' })).toBe(1);
      await vi.waitFor(() => expect(work.told()).toEqual(['poison 1', 'poison 2', 'poison 1']), within);
      work.calls[2]?.end();
      expect(await a.admin.deadLetters()).toEqual([]);
    });

    test('of which one process dies: what it had comes to another', async () => {
      const [a, b] = (await openBuses(2)) as [MessageBusCore, MessageBusCore];
      const dying = worker(a);
      await sendAll(b, ['x']);
      await vi.waitFor(() => expect(dying.calls.length).toBe(1), within);
      const other = worker(b);
      await a.close();
      await vi.waitFor(() => expect(other.told()).toEqual(['x 2']), within);
      other.calls[0]?.end();
    });

    test('takes a message from a member whose lease has ended, who is told so', async () => {
      const [a, b] = (await openBuses(2)) as [MessageBusCore, MessageBusCore];
      const slow = worker(a, { lease: 300 });
      await sendAll(b, ['x']);
      await vi.waitFor(() => expect(slow.calls.length).toBe(1), within);
      slow.consumer.pause();
      const quick = worker(b, { lease: 10_000 });
      await vi.waitFor(() => expect(quick.told()).toEqual(['x 2']), within);
      await vi.waitFor(() => expect(slow.calls[0]?.attempt.signal.aborted).toBe(true), within);
      slow.calls[0]?.end();
      quick.calls[0]?.end();
      await vi.waitFor(async () => expect((await a.admin.groups('work'))[0]?.pending).toBe(0), within);
    });

    test('behind an adapter keeps the order, in one process at a time', async () => {
      const all = await openBuses(3);
      const got: (readonly [number, unknown])[] = [];
      for (const [at, bus] of all.entries())
        bus.use(agent({ name: 'one', channels: ['work'], onMessage: ({ content }) => void got.push([at, content]) }));
      // Messages that are sent before it has begun are not new to it.
      await vi.waitFor(async () => expect(await members()).toBe(3), within);
      await sendAll(all[2] as MessageBusCore, numbers(50));
      await vi.waitFor(() => expect(got.length).toBe(50), { timeout: 4000 });
      expect(got.map(([, content]) => content)).toEqual(numbers(50));
    });
  });
}
