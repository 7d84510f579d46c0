// Addresses of Redis, and what nodes of a cluster say of where they are.
import { describe, expect, test } from 'vitest';
import { addressOf } from '../../src/node/redis-log/address.ts';
import { commandInSlot } from '../../src/node/redis-log/keys.ts';
import { atCluster } from '../../src/node/redis-log/locate.ts';

const node = { id: 'x', host: '::1', port: 7000 };

describe('an address', () => {
  test.each([
    ['redis://there', 'redis://there'],
    ['redis+sentinel://me:p%40ss@[::1]:26379,there/main/3', 'redis://me:p%40ss@[::1]:7000/3'],
    ['redis+cluster://me:p%40ss@[::1]:7000,there', 'redis://me:p%40ss@[::1]:7000/'],
    ['redis+cluster://there/0', 'redis://[::1]:7000/'],
  ])('%s leads to %s', (address, url) => expect(addressOf(address).urlOf(node)).toBe(url));

  test.each([
    ['redis+cluster://', 'Nodes of the cluster are needed'],
    ['redis+cluster://there/3', 'has no databases'],
    ['redis+cluster://there:port', '"there:port" is no host'],
    ['redis+sentinel://there:port/main', '"there:port" is no host'],
    ['redis+sentinel://there', 'the name of the master'],
    ['rediss+cluster://there', 'is no address of Redis'],
  ])('%s is refused', (address, what) => expect(() => addressOf(address)).toThrow(what));
});

describe('nodes of a cluster', () => {
  const asked = { host: 'asked', port: 7001 };
  const saying = (slot: number, state = 'ok') => {
    const ranges = [
      [0, 99, ['::1', 7000, 'a'], ['', 7001, 'b']],
      [100, 199, [null, 7002, 'c', ['ip', '10.0.0.1']]],
    ];
    const answers: Record<string, unknown> = { INFO: `cluster_state:${state}\r\n`, KEYSLOT: slot, SLOTS: ranges };
    return ([, what = '']: readonly string[]): Promise<unknown> => Promise.resolve(answers[what]);
  };
  const { ask } = atCluster(({ host, port }) => `redis://${host}:${port}`);

  test('say who serves the slot of the bus, and who else may be asked', async () => {
    expect(await ask(saying(42), asked)).toEqual({
      master: { id: 'a', host: '::1', port: 7000 },
      others: [
        { id: 'a', host: '::1', port: 7000 },
        { id: 'b', host: 'asked', port: 7001 },
        { id: 'c', host: 'asked', port: 7002 },
      ],
    });
  });

  test('that do not say where they are, are where they were asked', async () => {
    expect((await ask(saying(150), asked)).master).toEqual({ id: 'c', host: 'asked', port: 7002 });
  });

  test('are not believed where they are cut off, or nobody serves the slot', async () => {
    await expect(ask(saying(42, 'fail'), asked)).rejects.toMatchObject({ code: 'REDIS_AWAY' });
    await expect(ask(saying(5000), asked)).rejects.toThrow('nobody serves slot 5000');
  });
});

test.each([
  [
    ['GET', 'bl:epoch'],
    ['GET', '{bl}:epoch'],
  ],
  [
    ['TYPE', 'bl:{a}:log'],
    ['TYPE', '{bl}:{a}:log'],
  ],
  [
    ['PUBLISH', 'bl:{a}:bell', 'bl:x'],
    ['PUBLISH', 'bl:{a}:bell', 'bl:x'],
  ],
  [
    ['CONFIG', 'GET', 'bl:x'],
    ['CONFIG', 'GET', 'bl:x'],
  ],
  [
    ['EVALSHA', 'sha', '2', 'bl:a', 'bl:b', 'bl:c'],
    ['EVALSHA', 'sha', '3', '{bl}:a', '{bl}:b', '{bl}:absent', 'bl:c'],
  ],
])('the command %j is sent to a cluster as %j', (command, sent) => expect(commandInSlot(command)).toEqual(sent));
