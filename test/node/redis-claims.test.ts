// A claim whose answer was lost is repeated: who claims is given the same again, and what was given is in nobody's hand twice.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createClient } from 'redis';
import { MessageBusCore } from 'busline/core';
import { RedisLog } from 'busline/node';
import type { GroupHome } from '../../src/core/group-keeper.ts';
import type { Ref } from '../../src/core/host.ts';
import { systemPlatform } from '../../src/core/platform.ts';
import { deferred } from '../../src/node/deferred.ts';
import { memberOf } from '../../src/node/group-members.ts';
import type { GroupPart } from '../../src/node/redis-log/group-part.ts';
import { claimScript, settleScript } from '../../src/node/redis-log/group-scripts.ts';
import { groupKeysOf } from '../../src/node/redis-log/keys.ts';
import { RedisGroup } from '../../src/node/redis-log/redis-group.ts';
import type { Script } from '../../src/node/redis-log/scripts.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

let redis: RedisServer;
beforeAll(async () => (redis = await startRedis()));
afterAll(() => redis.remove());

test('a repeated claim gives what it gave before, as far as that is still in hand', async () => {
  const bus = new MessageBusCore({ log: await RedisLog.open({ url: redis.url }) });
  for (let n = 0; n < 5; n += 1) await bus.send({ channelId: 'work', content: n });
  const client = await createClient({ url: redis.url }).connect();
  const keys = [...groupKeysOf('work', 'w')];
  const rest = ['0', '3', '0', '0', '1', '1', 'w'];
  const run = (script: Script, ...args: string[]): Promise<unknown> =>
    client.eval(script.text, { keys, arguments: [String(Date.now()), ...rest, ...args] });
  const claim = async (number: number): Promise<string[]> => {
    const answer = await run(claimScript, '60000', 'process', String(number), 'process/c/1', 'process/c/1');
    return (answer as [string, [string, string, number][]])[1].map(([offset, attempt]) => `${offset}:${attempt}`);
  };

  expect(await claim(1)).toEqual(['1:1', '2:1']);
  expect(await claim(1)).toEqual(['1:1', '2:1']);
  await run(settleScript, 'done', '', '1', '1', 'process/c/1');
  expect(await claim(1)).toEqual(['2:1']);
  expect(await claim(2)).toEqual(['3:1', '4:1']);
  expect(await claim(3)).toEqual(['5:1']);
  client.destroy();
  await bus.close();
});

test('what a claim gave whose answer was lost is not given back while that claim is repeated', async () => {
  const log = await RedisLog.open({ url: `${redis.url}/1` });
  const bus = new MessageBusCore({ log });
  await bus.send({ channelId: 'work', content: 1 });
  const client = await createClient({ url: `${redis.url}/1` }).connect();
  const [isLost, isGivenBack, again, isHanded] = [
    deferred<void>(),
    deferred<void>(),
    deferred<void>(),
    deferred<void>(),
  ];
  let claims = 0;
  let answered = 0;
  const part: GroupPart = {
    storeId: 'process',
    now: () => Date.now(),
    run: async (script, keys, args) => {
      const run = (): Promise<unknown> => client.eval(script.text, { keys: [...keys], arguments: [...args()] });
      if (script === settleScript) {
        // It is on its way while the claim comes again.
        isGivenBack.resolve();
        await isHanded.promise;
      }
      if (script !== claimScript) return run();
      claims += 1;
      if (claims === 1) {
        await run();
        isLost.resolve();
        await again.promise;
      }
      const answer = await run();
      answered += 1;
      return answer;
    },
    command: (command) => client.sendCommand([...command]),
    ring: () => undefined,
    dead: () => Promise.resolve([]),
  };
  const never = (): never => expect.unreachable();
  const home: GroupHome = { log, platform: systemPlatform, open: never, watch: never, died: never, failed: never };
  const group = new RedisGroup('w', part, home);
  const handed: Ref[] = [];
  const hand = (ref: Ref): void => {
    handed.push(ref);
    isHanded.resolve();
  };
  const backoff = { initial: 1, max: 1, factor: 1, jitter: false };
  const what = { group: 'w', pattern: 'work', from: 'earliest', slots: 4, ordered: false, since: 0 } as const;
  const request = { ...what, lease: 60_000, maxAttempts: 3, backoff };
  const member = memberOf<never>('c', 'process/c/1', request, {
    joined: () => undefined,
    hand,
    lost: never,
    failed: never,
  });

  await group.join(member);
  await isLost.promise;
  const resumed = group.resume();
  await Promise.race([resumed, isGivenBack.promise]);
  again.resolve();
  await resumed;
  // Whatever is to be handed out now comes with a claim that is made from here on.
  const before = claims;
  group.wake('work');
  await vi.waitFor(() => expect(answered).toBeGreaterThan(before));
  expect(handed.map(({ offset, attempt }) => [offset, attempt])).toEqual([[1, 1]]);
  group.close();
  client.destroy();
  await bus.close();
});
