// The rare calls over links: answered by whichever host there is, with errors that keep their codes.
import { MessageBusCore } from 'busline/core';
import { describe, expect, test } from 'vitest';
import type { HostedBus } from '../../src/core/bus.ts';
import { busError } from '../../src/core/errors.ts';
import type { HostAdmin } from '../../src/core/host-admin.ts';
import { askAdmin, serveAdmin, Tunnel } from '../../src/protocol/admin-tunnel.ts';
import { checkAdminCall, checkClientFrame } from '../../src/protocol/check-client-frame.ts';
import { RemoteAdmin } from '../../src/protocol/remote-admin.ts';
import { contents, failure, quiet, sendBlock, testPlatform, until } from '../core/support.ts';
import { Succession } from './support.ts';

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

async function exported(bus: HostedBus): Promise<string> {
  const chunks: Uint8Array[] = [];
  await bus.admin.exportTo((chunk) => void chunks.push(chunk));
  return Buffer.concat(chunks).toString();
}

const send = (bus: HostedBus, channelId: string, content: unknown): Promise<unknown> =>
  bus.send({ channelId, content });

/** An admin of which each call is a test's. */
function adminOf(calls: Partial<HostAdmin>): HostAdmin {
  return calls as HostAdmin;
}

/** Both ends, over nothing but a turn of the event loop. */
function tunnelTo(admin: HostAdmin) {
  const near = askAdmin((data) => queueMicrotask(() => far.receive(data)));
  const far = serveAdmin(admin, (data) => queueMicrotask(() => near.tunnel.receive(data)), checkAdminCall);
  return near.ask;
}

describe('over a link', () => {
  test('channels, descriptions, groups, dead letters and counts are those of the host', async () => {
    const succession = new Succession();
    const bus = succession.bus();
    await send(bus, 'a', 1);
    await bus.admin.describe('a', { name: 'A', metadata: { bytes: new Uint8Array([1, 2]) } });
    await bus.admin.describe('empty', { topic: 'nothing' });
    const channels = await bus.admin.channels();
    expect(channels).toMatchObject([
      { channelId: 'a', head: 1, name: 'A', metadata: { bytes: new Uint8Array([1, 2]) } },
      { channelId: 'empty', head: 0, topic: 'nothing' },
    ]);
    bus.consume('a', { group: 'w', maxAttempts: 1 }, () => {
      throw new Error('no');
    });
    const dead: string[] = [];
    bus.on('deadLetter', ({ reason }) => dead.push(reason));
    await until(() => dead.length === 1);
    expect(await bus.admin.groups('a')).toEqual([{ group: 'w', channelId: 'a', members: 1, pending: 0, lag: 0 }]);
    expect(await bus.admin.deadLetters()).toMatchObject([{ group: 'w', reason: 'no', message: { content: 1 } }]);
    expect(await bus.admin.redrive()).toBe(1);
    await until(() => dead.length === 2);
    const [letter] = await bus.admin.deadLetters();
    await bus.admin.discard(letter?.message.id as string);
    expect(await bus.admin.deadLetters()).toEqual([]);
    expect(await bus.admin.stats()).toMatchObject({ outbox: 0, 'host.channels': 1, 'host.messages': 1 });
  });

  test('an export goes to another bus, and back', async () => {
    const [one, two] = [new Succession(), new Succession()];
    const [from, to] = [one.bus(), two.bus()];
    for (const channelId of ['a', 'b'])
      for (let n = 0; n < 3; n++) await send(from, channelId, { n, bytes: new Uint8Array(70_000).fill(n) });
    await from.admin.describe('a', { name: 'A' });
    const file = await exported(from);
    expect(await to.admin.importFrom(pieces(file))).toEqual({ imported: 6, known: 0 });
    expect(await to.admin.importFrom(pieces(file))).toEqual({ imported: 0, known: 6 });
    expect(contents(await to.history('a'))).toEqual(contents(await from.history('a')));
    expect(await to.admin.channels('a')).toMatchObject([{ name: 'A', head: 3 }]);
    const there = await exported(to);
    expect(await new MessageBusCore().admin.importFrom(pieces(there))).toEqual({ imported: 6, known: 0 });
  });

  test('the codes of errors cross, and what they say', async () => {
    const ask = tunnelTo(
      adminOf({
        stats: () => Promise.reject(busError('STORAGE_FULL', 'No room.', { retryable: true, accepted: 'unknown' })),
        groups: () => Promise.reject(new TypeError('a bug')),
        describe: () => Promise.resolve(),
      }),
    );
    expect(await failure(ask('stats', []))).toMatchObject({
      code: 'STORAGE_FULL',
      retryable: true,
      accepted: 'unknown',
    });
    const bug = await failure(ask('groups', []));
    expect(bug).toMatchObject({ code: 'HOST_LOST', retryable: true });
    expect(bug['message']).toMatch(/^a bug \[HOST_LOST\]/);
    expect(await ask('describe', ['a', {}])).toBe(undefined);
  });

  test('blocks that are none are refused before the log sees them', async () => {
    let calls = 0;
    const ask = tunnelTo(adminOf({ importBlocks: () => Promise.resolve([(calls += 1) === 0]) }));
    for (const given of [['a', [{}], true], ['a*', [], true], ['a', 'x', true], []]) {
      const error = await failure(ask('importBlocks', given));
      expect(error).toMatchObject({ code: 'IMPORT_FAILED' });
      expect(error['message']).toMatch(/^A block is not valid \(/);
    }
    expect(calls).toBe(0);
    await ask('importBlocks', ['a', [], true]);
    expect(calls).toBe(1);
  });
});

describe('a call whose host dies', () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 20, 40])('after %i frames is answered by the next', async (frames) => {
    const succession = new Succession([frames, frames + 3]);
    const bus = succession.bus();
    const results = await Promise.all([
      bus.admin.describe('a', { name: 'A' }).then(() => bus.admin.channels()),
      bus.admin.stats(),
      bus.admin.groups(),
    ]);
    expect(results).toMatchObject([[{ channelId: 'a', name: 'A' }], { 'host.messages': 0 }, []]);
  });

  test('in the middle of an import brings each message once', async () => {
    const from = new MessageBusCore();
    for (let block = 0; block < 150; block++) await sendBlock(from, block % 3 === 0 ? 'a' : 'b', [block]);
    const file = await exported(from as unknown as HostedBus);
    for (const frames of [3, 5, 7, 9]) {
      const succession = new Succession([frames, frames]);
      const bus = succession.bus();
      const { imported, known } = await bus.admin.importFrom(pieces(file));
      expect(imported + known).toBe(150);
      for (const channelId of ['a', 'b'])
        expect(contents(await bus.history(channelId, { limit: 200 }))).toEqual(
          contents(await from.history(channelId, { limit: 200 })),
        );
    }
  });
});

describe('a call', () => {
  test('waits for its first host, and a minute for its answer', async () => {
    const platform = testPlatform();
    const sent: unknown[] = [];
    const remote = new RemoteAdmin((data) => sent.push(data), platform);
    remote.receive({ id: 'nobody asked' });
    const stats = failure(remote.calls.stats());
    expect([sent.length, remote.waiting]).toEqual([0, true]);
    remote.resume();
    await quiet();
    expect(sent).toHaveLength(1);
    platform.advance(59_999);
    await quiet();
    expect(remote.waiting).toBe(true);
    platform.advance(1);
    expect(await stats).toMatchObject({ code: 'TIMEOUT', retryable: true, accepted: 'unknown' });
    expect([remote.waiting, platform.timers.size]).toEqual([false, 0]);
  });

  test('that cannot be sent says so', async () => {
    const remote = new RemoteAdmin(() => {
      throw new Error('cannot be cloned');
    }, testPlatform());
    remote.resume();
    expect(await failure(remote.calls.groups())).toMatchObject({
      code: 'HOST_LOST',
      cause: new Error('cannot be cloned'),
    });
  });

  test('ends with its bus', async () => {
    const platform = testPlatform();
    const remote = new RemoteAdmin(() => undefined, platform);
    const groups = failure(remote.calls.groups());
    remote.fail(busError('CLOSED', 'The bus is closed.'));
    expect(await groups).toMatchObject({ code: 'CLOSED' });
    expect(platform.timers.size).toBe(0);
    const succession = new Succession();
    const bus = succession.bus();
    await send(bus, 'a', 1);
    const stats = failure(bus.admin.stats());
    await bus.close();
    expect(await stats).toMatchObject({ code: 'CLOSED' });
  });
});

describe('what comes through the tunnel and is no call', () => {
  const raw = (value: unknown) => ({ type: 'RAW', value });
  const call = { id: '1', type: 'APPLY', path: ['stats'], argumentList: [] };

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'APPLY'],
    ['no type', {}],
    ['another name', { ...call, path: ['close'] }],
    ['a name that every object has', { ...call, path: ['constructor'] }],
    ['a longer path', { ...call, path: ['stats', 'constructor'] }],
    ['no path', { ...call, path: [] }],
    ['a path that is none', { ...call, path: 'stats' }],
    ['a look', { ...call, type: 'GET' }],
    ['a change', { ...call, type: 'SET', value: raw(5) }],
    ['a port', { ...call, type: 'ENDPOINT' }],
    ['arguments that are none', { ...call, argumentList: 5 }],
    ['an argument that is thrown', { ...call, argumentList: [{ type: 'HANDLER', name: 'throw', value: {} }] }],
  ])('%s is dropped', (_, data) => {
    expect(checkClientFrame({ type: 'admin', data })).toHaveProperty('wrong');
  });

  test('a call is heard; that its caller is done with the tunnel is not even said', () => {
    for (const data of [call, { ...call, argumentList: [raw('a'), raw({})] }])
      expect(checkClientFrame({ type: 'admin', data })).toEqual({ frame: { type: 'admin', data } });
    const sent: unknown[] = [];
    const { endpoint } = new Tunnel((data) => sent.push(data));
    for (const data of [call, { id: '2', type: 'RELEASE' }]) endpoint.postMessage(data);
    expect(sent).toEqual([call]);
  });
});
