// A group outlives its hosts and its members: every message is handled, and by nobody else once a living member has it.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GroupRecord } from '../../src/core/group-channel.ts';
import type { HostedBus } from '../../src/core/bus.ts';
import type { RemoteHost } from '../../src/protocol/remote-host.ts';
import { quiet } from '../core/support.ts';
import { Succession } from './support.ts';

interface Call {
  readonly tab: Tab;
  readonly content: number;
  readonly attempt: number;
  end: 'open' | 'done' | 'thrown';
}

interface Tab {
  readonly bus: HostedBus;
  readonly client: RemoteHost;
  alive: boolean;
}

const hour = 3_600_000;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('send' as const), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const) }) },
  fc.record({ kind: fc.constant('kill' as const), tab: fc.nat({ max: 2 }) }),
  fc.record({ kind: fc.constant('join' as const) }),
  fc.record({ kind: fc.constant('jump' as const), ms: fc.integer({ min: -hour, max: hour }) }),
);

/** A tab with a member that takes its time, and fails at the first attempt at every fifth message. */
function member(succession: Succession, calls: Call[], concurrency: number): Tab {
  const bus = succession.bus();
  const tab: Tab = { bus, client: succession.clients.at(-1) as RemoteHost, alive: true };
  bus.consume('work', { group: 'g', concurrency, backoff: { initial: 1 } }, async ({ content }, { attempt }) => {
    const call: Call = { tab, content: content as number, attempt, end: 'open' };
    calls.push(call);
    for (let turn = 0; turn < (content as number) % 4; turn++) await quiet();
    if ((content as number) % 5 === 0 && attempt === 1) {
      call.end = 'thrown';
      throw new Error('not yet');
    }
    call.end = 'done';
  });
  return tab;
}

async function run(
  lives: readonly number[],
  steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
) {
  const succession = new Succession(lives);
  const calls: Call[] = [];
  const tabs = [1, 2, 3].map((concurrency) => member(succession, calls, concurrency));
  const sender = succession.bus('sender');
  const sendings: Promise<unknown>[] = [];
  for (const each of steps) {
    if (each.kind === 'wait') await quiet();
    else if (each.kind === 'join') tabs.push(member(succession, calls, 2));
    else if (each.kind === 'jump') succession.jump(each.ms);
    else if (each.kind === 'kill') kill(succession, tabs[each.tab]);
    else
      for (let n = 0; n < each.count; n++) sendings.push(sender.send({ channelId: 'work', content: sendings.length }));
  }
  if (!tabs.some(({ alive }) => alive)) tabs.push(member(succession, calls, 2));
  await Promise.all(sendings);
  await expect.poll(() => unsettled(succession, sendings.length), { interval: 2, timeout: 5000 }).toBe(0);
  for (let round = 0; round < 5; round++) await quiet();
  return { calls, sent: sendings.length };
}

/** How many messages are not on record as handled. */
async function unsettled(succession: Succession, count: number): Promise<number> {
  const [record] = (await succession.log.records('group:')).values() as Iterable<GroupRecord>;
  if (record === undefined) return count;
  const { position, again, held } = record;
  return count - position + again.length + held.length;
}

function kill(succession: Succession, tab: Tab | undefined): void {
  if (tab?.alive !== true) return;
  tab.alive = false;
  succession.kill(tab.client);
}

test(
  'no message is lost, and none handled twice by living members, whatever dies and however clocks jump',
  { timeout: 120_000 },
  async () => {
    const lives = fc.array(fc.nat({ max: 60 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(lives, fc.array(step, { minLength: 1, maxLength: 30 }), async (frames, steps) => {
        const { calls, sent } = await run(frames, steps);
        const done = new Set(calls.filter(({ end }) => end === 'done').map(({ content }) => content));
        expect([...done].toSorted((a, b) => a - b)).toEqual(Array.from({ length: sent }, (_, n) => n));
        for (const [at, { content, attempt }] of calls.entries()) {
          const before = calls.slice(0, at).filter((call) => call.content === content);
          expect(before.every((call) => call.attempt < attempt)).toBe(true);
          // It comes again only if it was thrown, or its member is dead.
          expect(before.every(({ tab, end }) => end === 'thrown' || !tab.alive)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  },
);

test('what a member was handed in one channel and never got comes again, whatever it has in another', async () => {
  const succession = new Succession();
  const bus = succession.bus();
  const client = succession.clients[0] as RemoteHost;
  const handled: string[] = [];
  bus.consume('work:*', { group: 'g', concurrency: 2 }, ({ channelId }) => {
    handled.push(channelId);
    return channelId === 'work:a' ? new Promise(() => undefined) : undefined;
  });
  const sender = succession.bus();
  await sender.send({ channelId: 'work:a', content: 1 });
  await expect.poll(() => handled).toEqual(['work:a']);
  // The host says that it has handed it out, and nobody hears it.
  client.detach('away');
  const owner = `${client.clientId}/1`;
  const [name, record] = [...(await succession.log.records('group:g'))].find(([one]) => one.endsWith('work:a'))!;
  const claim = { attempt: 1, owner, lease: 30_000, priority: 'normal' } as const;
  const { logId } = await succession.log.head('work:a');
  await sender.send({ channelId: 'work:b', content: 1 });
  const other = await succession.log.head('work:b');
  await succession.log.save([
    [name, { ...(record as GroupRecord), logId, held: [[1, claim]] }],
    [name.replace('work:a', 'work:b'), { logId: other.logId, position: 0, done: [], held: [[1, claim]], again: [] }],
  ]);
  succession.host.die();
  await expect.poll(() => handled).toEqual(['work:a', 'work:b']);
});
