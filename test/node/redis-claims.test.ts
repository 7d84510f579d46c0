// A claim whose answer was lost is repeated: who claims is given the same again, and what was given is in nobody's hand twice.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from 'redis';
import { MessageBusCore } from 'busline/core';
import { RedisLog } from 'busline/node';
import { claimScript, settleScript } from '../../src/node/redis-log/group-scripts.ts';
import { groupKeysOf } from '../../src/node/redis-log/keys.ts';
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
