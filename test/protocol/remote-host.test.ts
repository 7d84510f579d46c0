// The client's side of a link, frame by frame.
import { isBusError } from 'busline/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HostedBus } from '../../src/core/bus.ts';
import { busError } from '../../src/core/errors.ts';
import type { BusError } from '../../src/core/errors.ts';
import type { Sink } from '../../src/core/host.ts';
import type { HostFrame } from '../../src/protocol/frames.ts';
import type { Link } from '../../src/protocol/link.ts';
import { loopLink } from '../../src/protocol/loop-link.ts';
import { RemoteHost } from '../../src/protocol/remote-host.ts';
import { blockOf } from '../../src/testing/sender.ts';
import { failure, quiet, testPlatform } from '../core/support.ts';

const status = { host: 'shared-worker', why: 'A test.', tabs: 2, durability: 'disk' } as const;
const welcome: HostFrame = { type: 'welcome', version: 1, storeId: 'store', term: 1, status };

class Rig {
  readonly calls: string[] = [];
  readonly client: RemoteHost;
  readonly frames: Record<string, unknown>[] = [];
  readonly errors: BusError[] = [];
  #host: Link<HostFrame> | undefined;

  constructor() {
    const note = (name: string, about: string | number = ''): void => void this.calls.push(`${name} ${about}`.trim());
    this.client = new RemoteHost({ start: () => note('start'), close: () => note('close') }, testPlatform());
    this.client.watcher = {
      greeted: (lock) => note('greeted', lock),
      welcomed: () => note('welcomed'),
      expecting: () => note('expecting'),
      pong: (n) => note('pong', n),
      left: () => note('left'),
    };
    this.client.events.on('error', (error) => this.errors.push(error));
  }

  /** A new link to a new host, which hears everything from now on. */
  attach(): void {
    const { client, host } = loopLink();
    this.#host = host;
    host.receive((frames) => this.frames.push(...(frames as Record<string, unknown>[])));
    this.client.attach(client, 'tab-lock');
  }

  async say(...frames: unknown[]): Promise<void> {
    this.#host?.send(frames as HostFrame[]);
    await quiet();
  }

  async open(): Promise<this> {
    this.attach();
    await this.say({ type: 'hi', lock: 'host-lock' }, welcome);
    this.frames.length = 0;
    this.calls.length = 0;
    return this;
  }

  types(): unknown[] {
    return this.frames.splice(0).map(({ type }) => type);
  }
}

function sink(): Sink & { readonly told: unknown[] } {
  const told: unknown[] = [];
  const note =
    (name: string) =>
    (value?: unknown): void =>
      void told.push([name, value]);
  return {
    told,
    started: note('started'),
    block: note('block'),
    ephemeral: note('ephemeral'),
    reset: note('reset'),
    live: note('live'),
    lost: note('lost'),
    positions: () => ({ a: { logId: 'log', offset: 5 } }),
  };
}

const request = { pattern: 'a', from: 'now', ephemeral: false } as const;

describe('a client', () => {
  test('connects at the first use, once', async () => {
    const rig = new Rig();
    expect(rig.calls).toEqual([]);
    rig.client.cast(blockOf('a', [1]));
    rig.client.open(request, sink());
    rig.client.channels('*').catch(() => undefined);
    rig.client.push(blockOf('a', [1]), 'stored').catch(() => undefined);
    rig.client.start();
    expect(rig.calls).toEqual(['start', 'expecting', 'expecting']);
    expect(rig.client.waiting).toBe(true);
  });

  test('says hello, tells the connector who greets it, and says nothing else before it is welcome', async () => {
    const rig = new Rig();
    rig.client.push(blockOf('a', [1]), 'stored').catch(() => undefined);
    rig.attach();
    rig.client.channels('*').catch(() => undefined);
    rig.client.cast(blockOf('a', ['lost']));
    await rig.say({ type: 'hi', lock: 'host-lock' });
    expect(rig.frames).toEqual([
      { type: 'hello', min: 1, max: 1, clientId: rig.client.clientId, link: 1, lock: 'tab-lock' },
    ]);
    expect(rig.calls).toEqual(['start', 'expecting', 'expecting', 'greeted host-lock']);
  });

  test('when it is welcome opens its readers, then pushes what is not acknowledged, then asks what was not answered', async () => {
    const rig = new Rig();
    const asked = rig.client.page('a', 0, 10);
    const pushed = rig.client.push(blockOf('a', [1]), 'flushed');
    const refused = failure(rig.client.push(blockOf('a', [2]), 'flushed'));
    const [begun, fresh] = [sink(), sink()];
    rig.client.open(request, begun);
    rig.attach();
    await rig.say(welcome);
    expect(rig.types()).toEqual(['hello', 'open', 'push', 'push', 'page']);
    expect(rig.calls.filter((call) => call !== 'expecting')).toEqual(['start', 'welcomed']);
    expect(await rig.client.opened).toEqual({ host: 'shared-worker', storeId: 'store', term: 1 });
    await rig.say(
      { type: 'started', reader: 2, positions: {} },
      { type: 'stored', n: 1, logId: 'log', offset: 1, known: false },
      { type: 'started', reader: 99, positions: {} },
      welcome,
    );
    expect(await pushed).toEqual({ logId: 'log', offset: 1, known: false });
    rig.client.open(request, fresh);
    rig.client.detach('Gone.');
    expect(rig.client.status.getSnapshot()).toMatchObject({ host: 'connecting', why: 'Gone.' });
    await quiet();
    expect(rig.types()).toEqual(['open', 'bye']);
    rig.attach();
    await rig.say(welcome);
    const opens = rig.frames.filter(({ type }) => type === 'open').map(({ from }) => from);
    expect(opens).toEqual([begun.positions(), 'now']);
    expect(rig.types()).toEqual(['hello', 'open', 'open', 'push', 'page']);
    await rig.say(
      { type: 'answer', call: 1, value: 'page' },
      { type: 'refused', n: 2, error: { code: 'STORAGE_FULL', message: 'No room.', retryable: true, accepted: false } },
    );
    expect(await asked).toBe('page');
    expect(await refused).toMatchObject({ code: 'STORAGE_FULL', retryable: true });
    expect(rig.client.waiting).toBe(false);
  });

  test('gives what comes to the readers that it is for', async () => {
    const rig = await new Rig().open();
    const sinks = [sink(), sink()] as const;
    const readers = sinks.map((each) => rig.client.open(request, each));
    const [first, second] = [1, 2];
    await rig.say(
      { type: 'started', reader: first, positions: { a: 1 } },
      { type: 'block', readers: [first, second, 99], block: 'b' },
      { type: 'cast', readers: [second], block: 'c' },
      { type: 'cast', block: 'for nobody' },
      { type: 'reset', reader: second, reset: 'r' },
      { type: 'live', reader: first },
    );
    expect(sinks.map(({ told }) => told)).toEqual([
      [
        ['started', { a: 1 }],
        ['block', 'b'],
        ['live', undefined],
      ],
      [
        ['block', 'b'],
        ['ephemeral', 'c'],
        ['reset', 'r'],
      ],
    ]);
    readers[0]?.credit(1000);
    await quiet();
    expect(rig.types(), 'a little credit is kept until it is worth a frame').toEqual(['open', 'open']);
    readers[0]?.credit(100);
    readers[0]?.close();
    readers[0]?.credit(5000);
    readers[0]?.close();
    await quiet();
    expect(rig.types()).toEqual(['credit', 'shut']);
    await rig.say({ type: 'block', readers: [first], block: 'late' });
    expect(sinks[0].told).toHaveLength(3);
    expect(rig.errors).toEqual([]);
  });

  test('pings, casts and hears the host’s status', async () => {
    const rig = await new Rig().open();
    rig.client.ping(3);
    rig.client.cast(blockOf('a', [1]));
    await rig.say({ type: 'pong', n: 3 });
    expect(rig.types()).toEqual(['ping', 'cast']);
    expect(rig.calls).toEqual(['pong 3']);
    const problem = { code: 'STORAGE_BLOCKED', message: 'No.', retryable: false, accepted: false } as const;
    await rig.say({ type: 'status', status: { ...status, tabs: 3, problem } });
    const now = rig.client.status.getSnapshot();
    expect(now).toMatchObject({ tabs: 3, outbox: 0, sync: 'off', problem: { code: 'STORAGE_BLOCKED' } });
    expect(isBusError(now.problem)).toBe(true);
    await rig.say({ type: 'status', status });
    expect(rig.client.status.getSnapshot()).not.toHaveProperty('problem');
    new Rig().client.ping(1);
  });

  test('lets go of a link when there is another, and hears nothing more on it', async () => {
    const rig = await new Rig().open();
    const { client, host } = loopLink();
    host.send([{ type: 'hi', lock: 'the next' }]);
    rig.client.attach(client, 'tab-lock');
    await rig.say({ type: 'hi', lock: 'the old' });
    expect(rig.calls).toEqual(['greeted the next']);
  });

  test('looks for the next host when this one says bye, for a while or with an error that may pass', async () => {
    const rig = await new Rig().open();
    const error = { code: 'HOST_LOST', message: 'x', retryable: true, accepted: 'unknown' };
    await rig.say({ type: 'bye' }, { type: 'bye', error });
    expect(rig.calls).toEqual(['left', 'left']);
  });

  test.each(['VERSION_MISMATCH', 'STORAGE_NEWER', 'STORAGE_FULL'] as const)('ends for good with %s', async (code) => {
    const rig = await new Rig().open();
    const reloads: unknown[] = [];
    rig.client.events.on('reload', (reload) => reloads.push(reload));
    const open = sink();
    rig.client.open(request, open);
    const waiting = [failure(rig.client.push(blockOf('a', [1]), 'stored')), failure(rig.client.channels('*'))];
    await rig.say({ type: 'bye', error: { code, message: 'So it is.', retryable: false, accepted: false } });
    const errors = await Promise.all(waiting);
    expect(errors.map((error) => [error['code'], error['accepted']])).toEqual([
      [code, 'unknown'],
      [code, false],
    ]);
    for (const error of errors) expect(String(error['message']).match(/So it is/g)).toHaveLength(1);
    for (const error of errors) expect(String(error['message']).split(`[${code}]`)).toHaveLength(2);
    expect(open.told).toMatchObject([['lost', { code }]]);
    expect(reloads).toHaveLength(code === 'STORAGE_FULL' ? 0 : 1);
    expect(rig.calls).toEqual(['expecting', 'expecting', 'close']);
    expect(rig.client.status.getSnapshot()).toMatchObject({ host: 'closed', problem: { code } });
    rig.client.fail(busError('CLOSED', 'again'));
    rig.client.detach('again');
    expect(rig.client.status.getSnapshot()).toMatchObject({ problem: { code } });
  });

  test('that has ended refuses everything, and takes no link', async () => {
    const rig = new Rig();
    await rig.client.close();
    expect(await failure(rig.client.opened)).toMatchObject({ code: 'CLOSED' });
    expect(await failure(rig.client.push(blockOf('a', [1]), 'stored'))).toMatchObject({ code: 'CLOSED' });
    expect(await failure(rig.client.page('a', 0, 1))).toMatchObject({ code: 'CLOSED' });
    const late = sink();
    rig.client.open(request, late).close();
    await quiet();
    expect(late.told).toMatchObject([['lost', { code: 'CLOSED' }]]);
    rig.attach();
    await quiet();
    expect(rig.frames).toEqual([]);
    expect(rig.client.status.getSnapshot()).not.toHaveProperty('problem');
  });

  test('says goodbye when it is closed', async () => {
    const rig = await new Rig().open();
    await rig.client.close();
    await quiet();
    expect(rig.frames).toEqual([{ type: 'bye', gone: true }]);
  });

  test('reports what is wrong without ending', async () => {
    const rig = await new Rig().open();
    rig.client.report(busError('WORKER_FAILED', 'Not there.'));
    expect(rig.client.status.getSnapshot()).toMatchObject({
      host: 'shared-worker',
      problem: { code: 'WORKER_FAILED' },
    });
    expect(rig.errors.map(({ code }) => code)).toEqual(['WORKER_FAILED']);
  });

  test('is told when a question cannot be answered', async () => {
    const rig = await new Rig().open();
    const asked = failure(rig.client.channels('*'));
    await rig.say({
      type: 'failed',
      call: 1,
      error: { code: 'HOST_LOST', message: 'x', retryable: true, accepted: false },
    });
    expect(await asked).toMatchObject({ code: 'HOST_LOST', retryable: true });
  });
});

describe('what comes from a host and is no frame', () => {
  test.each([
    ['a text', 'hello'],
    ['nothing', undefined],
    ['a frame without a list', { type: 'hi', lock: 'x' }],
    ['null in a list', [null]],
    ['an unknown type', [{ type: 'dance' }]],
    ['a block for no reader', [{ type: 'block', block: {} }]],
    ['a refusal without an error', [{ type: 'refused', n: 1 }]],
    ['a status that is none', [{ type: 'status' }]],
    ['a bye with half an error', [{ type: 'bye', error: null }]],
  ])('%s is dropped, counted and reported, and the next is heard', async (_, said) => {
    const rig = await new Rig().open();
    const sending = rig.client.push(blockOf('a', [1]), 'stored');
    let listener: (frames: unknown) => void = () => undefined;
    rig.client.attach({ send: () => undefined, receive: (given) => (listener = given), close: () => undefined }, 'tab');
    listener([welcome]);
    expect(() => listener(said)).not.toThrow();
    expect(rig.errors.map(({ code }) => code)).toEqual(['MALFORMED_FRAME']);
    expect(rig.errors[0]?.message).toMatch(/^What came from the host is no frame \(/);
    expect(rig.client.events.counts.get('error')).toBe(1);
    listener([{ type: 'stored', n: 1, logId: 'log', offset: 1, known: false, future: 'ignored' }]);
    expect((await sending).offset).toBe(1);
  });

  test('is not taken for a welcome: a host that says it wrongly is not open', async () => {
    const rig = new Rig();
    rig.attach();
    const sending = rig.client.push(blockOf('a', [1]), 'stored');
    await rig.say({ type: 'welcome', version: 1, storeId: 's', term: 1 });
    expect(rig.types()).toEqual(['hello']);
    expect(rig.errors).toHaveLength(1);
    await rig.say(welcome);
    expect(rig.types()).toEqual(['push']);
    await rig.say({ type: 'stored', n: 1, logId: 'log', offset: 1, known: false });
    await sending;
  });

  test('never throws, whatever it is', { timeout: 60_000 }, async () => {
    const types = [
      'hi',
      'welcome',
      'stored',
      'refused',
      'cast',
      'started',
      'block',
      'reset',
      'live',
      'joined',
      'hand',
      'lost',
      'settled',
      'dead',
      'members',
      'admin',
      'answer',
      'failed',
      'pong',
      'status',
      'bye',
    ];
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    const fields = fc.dictionary(
      fc.constantFrom(
        'n',
        'reader',
        'readers',
        'block',
        'positions',
        'reset',
        'call',
        'value',
        'error',
        'status',
        'lock',
        'ref',
        'offset',
        'channelId',
        'members',
        'data',
      ),
      anything,
    );
    const frame = fc
      .tuple(fc.constantFrom(...types), fields, fc.constantFrom<readonly unknown[]>([1], [1, 2, 3]))
      .map(([type, more, readers]) => ({
        n: 1,
        reader: 1,
        call: 2,
        member: 1,
        channelId: 'a',
        readers,
        ...more,
        type,
      }));
    const said = fc.oneof(anything, fc.array(fc.oneof(frame, anything), { maxLength: 6 }));
    await fc.assert(
      fc.asyncProperty(fc.array(said, { maxLength: 8 }), async (pieces) => {
        const rig = new Rig();
        const bus = new HostedBus(rig.client);
        let listener: (frames: unknown) => void = () => undefined;
        rig.client.attach(
          { send: () => undefined, receive: (given) => (listener = given), close: () => undefined },
          'tab',
        );
        listener([welcome]);
        bus.consume('a', { group: 'w' }, () => undefined);
        bus.presence('a').subscribe(() => undefined);
        const promises = Promise.allSettled([
          bus.admin.stats(),
          bus.subscribe('a', () => undefined).ready,
          bus.send({ channelId: 'a', content: 1 }),
          bus.history('a'),
        ]);
        await quiet();
        for (const piece of pieces) {
          expect(() => listener(piece)).not.toThrow();
          await quiet();
        }
        await rig.client.close();
        await promises;
        expect(rig.errors.every(isBusError)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
