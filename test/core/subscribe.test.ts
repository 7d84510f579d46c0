// Subscribing is reading the log from a position and then following it.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { From, Log, Message, Position, Reset, Subscription } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { busError } from '../../src/core/errors.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { HostedBus } from '../../src/core/bus.ts';
import { blockOf } from '../../src/testing/sender.ts';
import {
  contents,
  encodedLog,
  failure,
  heard,
  HeldHost,
  numbers,
  quiet,
  sendBlock,
  testPlatform,
  wrapped,
} from './support.ts';

/** A bus whose channel "a" holds 1 … 10 in blocks of 3, 4 and 3. */
async function filled(log: Log = new MemoryLog()): Promise<{ bus: MessageBusCore; log: Log; logId: string }> {
  const bus = new MessageBusCore({ log });
  for (const [from, to] of [
    [1, 3],
    [4, 7],
    [8, 10],
  ] as const)
    await sendBlock(bus, 'a', numbers(from, to));
  return { bus, log, logId: (await log.head('a')).logId };
}

async function caughtUp(bus: MessageBusCore, channel: string, from: From): Promise<unknown[]> {
  const got: unknown[] = [];
  await bus.subscribe(channel, ({ content }) => got.push(content), { from }).ready;
  return got;
}

describe('a subscription', () => {
  test('hears what is sent from now on, unless it asks for more', async () => {
    const { bus } = await filled();
    const got = heard(bus, 'a');
    await sendBlock(bus, 'a', [11, 12]);
    await sendBlock(bus, 'b', ['elsewhere']);
    expect(contents(got)).toEqual([11, 12]);
    expect(got.map(({ offset }) => offset)).toEqual([11, 12]);
  });

  test('to what was sent in the same turn before it hears that too', async () => {
    const bus = new MessageBusCore();
    const sending = bus.send({ channelId: 'a', content: 1 });
    const got = heard(bus, 'a');
    await sending;
    expect(contents(got)).toEqual([1]);
  });

  test.each<[From, number]>([
    ['earliest', 1],
    [{ last: 0 }, 11],
    [{ last: 1 }, 10],
    [{ last: 5 }, 6],
    [{ last: 10 }, 1],
    [{ last: 99 }, 1],
  ])('from %j begins where it says, inside a block too', async (from, first) => {
    const { bus } = await filled();
    expect(await caughtUp(bus, 'a', from)).toEqual(numbers(first, 10));
  });

  test.each(numbers(0, 10))('from the position after message %i goes on with the next', async (offset) => {
    const { bus, logId } = await filled();
    const resets: Reset[] = [];
    bus.on('reset', (reset) => resets.push(reset));
    expect(await caughtUp(bus, 'a', { logId, offset })).toEqual(numbers(offset + 1, 10));
    expect(await caughtUp(bus, 'a', { a: { logId, offset } })).toEqual(numbers(offset + 1, 10));
    expect(await caughtUp(bus, '*', { a: { logId, offset } })).toEqual(numbers(offset + 1, 10));
    expect(resets).toEqual([]);
  });

  test('goes from history over into live without gap or double', async () => {
    const { bus } = await filled();
    const got: unknown[] = [];
    const subscription = bus.subscribe('a', ({ content }) => got.push(content), { from: 'earliest' });
    const sendings = numbers(11, 20).map(async (content) => {
      await quiet();
      return bus.send({ channelId: 'a', content });
    });
    await subscription.ready;
    expect(got.slice(0, 10)).toEqual(numbers(1, 10));
    await Promise.all(sendings);
    expect(got).toEqual(numbers(1, 20));
  });

  test('knows how far it has come, and another can go on there', async () => {
    const { bus, logId } = await filled();
    const subscription = bus.subscribe('a', () => undefined, { from: { last: 2 } });
    await subscription.ready;
    expect(subscription.positions()).toEqual({ a: { logId, offset: 10 } });
    subscription();
    await sendBlock(bus, 'a', [11, 12]);
    expect(await caughtUp(bus, 'a', subscription.positions())).toEqual([11, 12]);
    expect(await caughtUp(bus, 'a', subscription.positions()['a'] as Position)).toEqual([11, 12]);
  });

  test('to an empty channel has a position there, too', async () => {
    const bus = new MessageBusCore();
    const subscription = bus.subscribe('a', () => undefined);
    await subscription.ready;
    const position = subscription.positions();
    expect(position).toEqual({ a: { logId: '', offset: 0 } });
    await sendBlock(bus, 'a', [1, 2]);
    expect(await caughtUp(bus, 'a', position)).toEqual([1, 2]);
  });

  test('is handed each message with its position and a signal of its own', async () => {
    const { bus, logId } = await filled();
    const positions: Position[] = [];
    const aborted: boolean[] = [];
    const subscription = bus.subscribe(
      'a',
      (_, delivery) => {
        positions.push(delivery.position);
        delivery.signal.addEventListener('abort', () => aborted.push(true), { once: true });
      },
      { from: { last: 2 } },
    );
    await subscription.ready;
    expect(positions).toEqual([9, 10].map((offset) => ({ logId, offset })));
    expect(aborted).toEqual([]);
    subscription();
    expect(aborted).toEqual([true, true]);
  });

  test('that throws or rejects is an event, and stops neither itself nor others', async () => {
    const bus = new MessageBusCore();
    const errors: unknown[] = [];
    bus.on('handlerError', ({ message, error }) => errors.push([message.content, (error as Error).message]));
    bus.subscribe('a', ({ content }) => {
      throw new Error(`thrown ${String(content)}`);
    });
    bus.subscribe('a', ({ content }) => Promise.reject(new Error(`rejected ${String(content)}`)));
    const got = heard(bus, 'a');
    await sendBlock(bus, 'a', [1, 2]);
    await quiet();
    expect(contents(got)).toEqual([1, 2]);
    expect(errors.toSorted((one, other) => String(one).localeCompare(String(other)))).toEqual([
      [1, 'rejected 1'],
      [1, 'thrown 1'],
      [2, 'rejected 2'],
      [2, 'thrown 2'],
    ]);
  });

  test('passes only what its filter lets through', async () => {
    const bus = new MessageBusCore();
    const filters = {
      types: { types: ['note', 'event'] },
      priorities: { priorities: ['high', 'normal'] },
      topics: { topics: ['t'] },
      authorId: { authorId: 'ann' },
      to: { to: 'bob' },
      correlationId: { correlationId: 'c' },
      all: { types: ['note'], authorId: 'ann' },
    } as const;
    const got = Object.entries(filters).map(([name, filter]) => [name, heard(bus, 'a', { filter })] as const);
    const sent = [
      { type: 'note', priority: 'high', topic: 't', authorId: 'ann', to: 'bob', correlationId: 'c' },
      { type: 'text', priority: 'low', topic: 'u', authorId: 'ann', to: 'eve', correlationId: 'd' },
      { type: 'event', authorId: 'eve' },
      {},
    ] as const;
    await Promise.all(sent.map((input, content) => bus.send({ channelId: 'a', content, ...input })));
    expect(Object.fromEntries(got.map(([name, messages]) => [name, contents(messages)]))).toEqual({
      types: [0, 2],
      priorities: [0, 2, 3],
      topics: [0],
      authorId: [0, 1],
      to: [0],
      correlationId: [0],
      all: [0],
    });
  });

  test('does not hear what has expired', async () => {
    const platform = testPlatform();
    const bus = new MessageBusCore({ platform });
    await bus.send({ channelId: 'a', content: 'short', ttl: 1000 });
    await bus.send({ channelId: 'a', content: 'long', ttl: 5000 });
    platform.time += 999;
    expect(await caughtUp(bus, 'a', 'earliest')).toEqual(['short', 'long']);
    platform.time += 1;
    const late = bus.subscribe('a', () => undefined, { from: 'earliest' });
    await late.ready;
    expect(await caughtUp(bus, 'a', 'earliest')).toEqual(['long']);
    expect(late.positions()['a']?.offset).toBe(2);
  });
});

describe('a subscription that is stopped', () => {
  const ways: [string, (subscription: Subscription) => void][] = [
    ['called', (subscription) => subscription()],
    ['disposed', (subscription) => subscription[Symbol.dispose]()],
  ];
  test.each(ways)('by being %s hears nothing more, and its ready tells', async (_, stop) => {
    const { bus } = await filled();
    const got: unknown[] = [];
    const subscription = bus.subscribe('a', ({ content }) => got.push(content), { from: 'earliest' });
    stop(subscription);
    const error = await failure(subscription.ready);
    expect(error['code']).toBe('CLOSED');
    expect(error['message']).toMatch(/^The subscription was stopped\./);
    await bus.send({ channelId: 'a', content: 11 });
    expect(got).toEqual([]);
  });

  test('stays ready if it was', async () => {
    const bus = new MessageBusCore();
    const subscription = bus.subscribe('a', () => undefined);
    await subscription.ready;
    subscription();
    expect(await subscription.ready).toBe(undefined);
  });

  test('in the middle of a block hears no more of that block, and another goes on right there', async () => {
    const { bus, logId } = await filled();
    const got: unknown[] = [];
    const seen: unknown[] = [];
    const subscription = bus.subscribe(
      'a',
      ({ content }) => {
        got.push(content);
        seen.push(subscription.positions()['a']?.offset);
        if (content === 5) subscription();
      },
      { from: 'earliest' },
    );
    await failure(subscription.ready);
    expect(got).toEqual([1, 2, 3, 4, 5]);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(subscription.positions()).toEqual({ a: { logId, offset: 5 } });
    expect(await caughtUp(bus, 'a', subscription.positions())).toEqual([6, 7, 8, 9, 10]);
  });

  test('twice does no harm to those that came after', async () => {
    const bus = new MessageBusCore();
    const first = bus.subscribe('a', () => undefined);
    await first.ready;
    first();
    const got = heard(bus, 'a');
    await quiet();
    first();
    await bus.send({ channelId: 'a', content: 1 });
    expect(contents(got)).toEqual([1]);
  });

  test('by its signal says so, and lets go of the signal when it is stopped otherwise', async () => {
    const bus = new MessageBusCore();
    const abort = new AbortController();
    const got: unknown[] = [];
    const subscription = bus.subscribe('a', ({ content }) => got.push(content), { signal: abort.signal });
    abort.abort();
    const error = await failure(subscription.ready);
    expect(error['code']).toBe('ABORTED');
    expect(error['message']).toMatch(/^The signal of the subscription was aborted\./);
    const before = bus.subscribe('a', ({ content }) => got.push(content), { signal: AbortSignal.abort() });
    expect(await failure(before.ready)).toMatchObject({ code: 'ABORTED' });
    await bus.send({ channelId: 'a', content: 1 });
    expect(got).toEqual([]);
    expect(bus.getSubscriberCount('a')).toBe(0);
  });

  test('leaves no listener on a signal, nor does a bus that is closed', async () => {
    let listeners = 0;
    const signal = {
      aborted: false,
      addEventListener: () => void (listeners += 1),
      removeEventListener: () => void (listeners -= 1),
    };
    const bus = new MessageBusCore();
    const subscription = bus.subscribe('a', () => undefined, { signal });
    bus.subscribe('b', () => undefined, { signal });
    subscription();
    expect(listeners).toBe(1);
    await bus.close();
    expect(listeners).toBe(0);
  });

  test('before its log answered begins nothing', async () => {
    const log = new MemoryLog();
    await log.append([{ block: blockOf('a', [1]) }]);
    const bus = new MessageBusCore({ log });
    const events: unknown[] = [];
    for (const event of ['error', 'reset'] as const) bus.on(event, (value) => events.push(value));
    for (const channel of ['a', '*'])
      bus.subscribe(channel, () => events.push(channel), { from: { a: { logId: 'x', offset: 9 } } })();
    await quiet();
    expect(events).toEqual([]);
  });
});

describe('a pattern', () => {
  test.each<[string, readonly string[]]>([
    ['*', ['', 'a', 'agent-1', 'agent-12', 'coordination:x:y', 'xay']],
    ['agent-*', ['agent-1', 'agent-12']],
    ['*a*', ['a', 'agent-1', 'agent-12', 'coordination:x:y', 'xay']],
    ['a*1*', ['agent-1', 'agent-12']],
    ['coordination:*:y', ['coordination:x:y']],
    ['a*a', []],
    ['*-1*1', []],
    ['x*', ['xay']],
    ['**', ['', 'a', 'agent-1', 'agent-12', 'coordination:x:y', 'xay']],
  ])('%s hears the channels that it matches', async (pattern, matching) => {
    const bus = new MessageBusCore();
    const got = heard(bus, pattern);
    const channels = ['a', 'agent-1', 'agent-12', 'coordination:x:y', 'xay'];
    for (const channelId of channels) await bus.send({ channelId, content: 1 });
    expect(got.map(({ channelId }) => channelId)).toEqual(matching.filter(Boolean));
  });

  test('hears the history of every channel there is, and all of every channel to come', async () => {
    const { bus } = await filled();
    await sendBlock(bus, 'b', ['b1', 'b2']);
    for (const [from, before] of [
      ['earliest', 12],
      ['now', 0],
      [{ last: 1 }, 4],
    ] as const) {
      const got: Message[] = [];
      const subscription = bus.subscribe('*', (message) => got.push(message), { from });
      await subscription.ready;
      expect(got).toHaveLength(before);
      const fresh = `new-${before}`;
      await sendBlock(bus, fresh, [1, 2, 3]);
      expect(contents(got.filter(({ channelId }) => channelId === fresh))).toEqual([1, 2, 3]);
      expect(Object.keys(subscription.positions())).toContain(fresh);
      subscription();
    }
  });

  test('misses nothing of channels that appear while it is starting', async () => {
    const log = new MemoryLog();
    const sending = new MessageBusCore({ log });
    await sending.send({ channelId: 'old', content: 'old' });
    const slow = wrapped(log, {
      channels: async () => {
        const names = await log.channels();
        await sendBlock(sending, 'young', [1, 2]);
        return names;
      },
      head: async (channelId) => {
        const head = await log.head(channelId);
        await sendBlock(sending, channelId, ['meanwhile']);
        return head;
      },
    });
    const bus = new MessageBusCore({ log: slow });
    const got: Message[] = [];
    await bus.subscribe('*', (message) => got.push(message)).ready;
    const of = (name: string): unknown[] => contents(got.filter(({ channelId }) => channelId === name));
    expect(of('young')).toEqual([1, 2, 'meanwhile']);
    expect(of('old')).toEqual(['meanwhile']);
  });

  test('goes on from positions; a channel that is not among them is new', async () => {
    const { bus, logId } = await filled();
    await sendBlock(bus, 'b', ['b1']);
    const got = await caughtUp(bus, '*', { a: { logId, offset: 8 } });
    expect(new Set(got)).toEqual(new Set([9, 10, 'b1']));
    expect(got).toHaveLength(3);
  });

  test('goes on from positions, whatever the channels are called', async () => {
    const bus = new MessageBusCore();
    const channels = ['last', 'logId', 'offset', '__proto__', 'constructor'];
    for (const channelId of channels) await sendBlock(bus, channelId, [1, 2]);
    const subscription = bus.subscribe('*', () => undefined, { from: 'earliest' });
    await subscription.ready;
    subscription();
    for (const channelId of channels) await sendBlock(bus, channelId, [3]);
    expect(await caughtUp(bus, '*', subscription.positions())).toEqual([3, 3, 3, 3, 3]);
    await bus.send({ channelId: 'toString', content: 'new' });
    expect(await caughtUp(bus, 'toString', subscription.positions())).toEqual(['new']);
  });
});

describe('a position that is no longer there', () => {
  async function reset(log: Log, from: From, channel = 'a'): Promise<[unknown[], Reset[], Reset[]]> {
    const bus = new MessageBusCore({ log });
    const events: Reset[] = [];
    const told: Reset[] = [];
    bus.on('reset', (event) => events.push(event));
    const got: unknown[] = [];
    await bus.subscribe(channel, ({ content }) => got.push(content), { from, onReset: (event) => told.push(event) })
      .ready;
    return [got, told, events];
  }

  test('because the log was trimmed is told, and reading goes on with what is kept', async () => {
    const { log, logId } = await filled();
    await log.trim('a', 7);
    const expected = { channelId: 'a', reason: 'trimmed', had: { logId, offset: 3 }, now: { logId, offset: 7 } };
    for (const channel of ['a', '*']) {
      const from = channel === 'a' ? { logId, offset: 3 } : { a: { logId, offset: 3 } };
      expect(await reset(log, from, channel)).toEqual([[8, 9, 10], [expected], [expected]]);
    }
    expect((await reset(log, { logId, offset: 7 }))[1]).toEqual([]);
  });

  test('because there is another log is told, and reading begins anew', async () => {
    const { log, logId } = await filled();
    const had = { logId: 'another', offset: 3 };
    const expected = { channelId: 'a', reason: 'replaced', had, now: { logId, offset: 0 } };
    expect(await reset(log, had)).toEqual([numbers(1, 10), [expected], [expected]]);
  });

  test('because the log ends before it is told, and reading goes on at the end', async () => {
    const { log, logId } = await filled();
    const had = { logId, offset: 99 };
    const expected = { channelId: 'a', reason: 'replaced', had, now: { logId, offset: 10 } };
    expect(await reset(log, had)).toEqual([[], [expected], [expected]]);
  });

  test('because its channel is gone is told', async () => {
    const had = { logId: 'gone', offset: 3 };
    const expected = { channelId: 'b', reason: 'replaced', had, now: { logId: '', offset: 0 } };
    const { log, logId } = await filled();
    expect(await reset(log, { a: { logId, offset: 10 }, b: had }, '*')).toEqual([[], [expected], [expected]]);
  });

  test('because what comes next was trimmed while it was reading is told', async () => {
    const { log, logId } = await filled();
    let reads = 0;
    const trimming = wrapped(log, {
      read: async (channelId, after) => {
        reads += 1;
        if (reads === 2) await log.trim('a', 7);
        return log.read(channelId, after, 1);
      },
    });
    const expected = { channelId: 'a', reason: 'trimmed', had: { logId, offset: 3 }, now: { logId, offset: 7 } };
    expect(await reset(trimming, 'earliest')).toEqual([[1, 2, 3, 8, 9, 10], [expected], [expected]]);
  });

  test('is told though the one who is told throws', async () => {
    const { bus, logId } = await filled();
    const errors: unknown[] = [];
    bus.on('error', (error) => errors.push(error));
    const got: unknown[] = [];
    const onReset = (): never => {
      throw new Error('oh');
    };
    await bus.subscribe('a', ({ content }) => got.push(content), { from: { logId, offset: 99 }, onReset }).ready;
    await bus.send({ channelId: 'a', content: 11 });
    expect(got).toEqual([11]);
    expect(errors).toEqual([expect.objectContaining({ code: 'ADAPTER_FAILED' })]);
  });
});

describe('subscribe refuses', () => {
  const bus = new MessageBusCore();
  const nothing = (): void => undefined;
  test.each<[string, () => unknown, string, RegExp]>([
    ['no handler', () => bus.subscribe('a', 5 as never), 'INVALID_INPUT', /^subscribe: give a handler function\./],
    ['no channel', () => bus.subscribe('', nothing), 'INVALID_CHANNEL', /^The channel or pattern is empty\./],
    [
      'a number as channel',
      () => bus.subscribe(5 as never, nothing),
      'INVALID_CHANNEL',
      /must be a string, not number/,
    ],
    [
      'a position for a pattern',
      () => bus.subscribe('a*', nothing, { from: { logId: 'x', offset: 1 } }),
      'INVALID_INPUT',
      /^A pattern like "a\*" resumes from positions, channel by channel: give what positions\(\) returned\./,
    ],
    ...[
      'yesterday',
      5,
      { last: -1 },
      { last: 1.5 },
      { logId: 'x', offset: 'y' },
      { a: 5 },
      { a: null },
      { a: { offset: 3 } },
      { a: { logId: 'x', offset: NaN } },
    ].map((from): [string, () => unknown, string, RegExp] => [
      `from ${JSON.stringify(from)}`,
      () => bus.subscribe('a', nothing, { from: from as never }),
      'INVALID_INPUT',
      /^"from" must be now, earliest, \{ last: n \}, a position or positions\./,
    ]),
  ])('%s', async (_, action, code, says) => {
    const error = await failure(action);
    expect(error['code']).toBe(code);
    expect(error['message']).toMatch(says);
    expect(bus.getSubscriberCount('a')).toBe(0);
  });
});

describe('when the log cannot be read', () => {
  const broken = (changes: Partial<Log>): { bus: MessageBusCore; errors: unknown[] } => {
    const bus = new MessageBusCore({ log: wrapped(new MemoryLog(), changes) });
    const errors: unknown[] = [];
    bus.on('error', (error) => errors.push(error));
    return { bus, errors };
  };
  const fail = (): Promise<never> => Promise.reject(new Error('disk on fire'));

  test.each<[string, Partial<Log>]>([
    ['at its beginning', { head: fail }],
    ['at its first page', { read: fail }],
  ])('%s, a subscription ends with the error, and does not wait for ever', async (_, changes) => {
    const { bus, errors } = broken(changes);
    const subscription = bus.subscribe('a', () => undefined);
    const error = await failure(subscription.ready);
    expect(error).toMatchObject({ code: 'HOST_LOST', retryable: true });
    expect(error['message']).toMatch(/^Reading "a" failed: disk on fire/);
    expect(errors).toEqual([error]);
    expect(await bus.admin.stats()).toMatchObject({ error: 1, subscriptions: 0 });
  });

  test('an iterator throws the error', async () => {
    const { bus } = broken({ channels: fail });
    const iterator = bus.messages('*')[Symbol.asyncIterator]();
    expect(await failure(iterator.next())).toMatchObject({ code: 'HOST_LOST' });
  });

  test('after the subscription was stopped, nobody is told', async () => {
    const { bus, errors } = broken({ head: fail });
    bus.subscribe('a', () => undefined)();
    await quiet();
    expect(errors).toEqual([]);
  });
});

test('a log that did not tell of an append is read when it tells of the next', async () => {
  const log = new MemoryLog();
  let deaf = false;
  const forgetful = wrapped(log, {
    follow: (listener) => log.follow((blocks) => (deaf ? undefined : listener(blocks))),
  });
  const got = heard(new MessageBusCore({ log: forgetful }), 'a');
  const bus = new MessageBusCore({ log });
  await sendBlock(bus, 'a', [1]);
  deaf = true;
  await sendBlock(bus, 'a', [2, 3]);
  deaf = false;
  await sendBlock(bus, 'a', [4, 5]);
  await quiet();
  expect(contents(got)).toEqual([1, 2, 3, 4, 5]);
});

describe('two buses over one log', () => {
  test.each([new MemoryLog(), encodedLog()])('hear the same, in the same order', async (log) => {
    const buses = [1, 2].map(() => new MessageBusCore({ log }));
    const got = buses.map((bus) => heard(bus, 'a'));
    await quiet();
    for (const n of numbers(1, 20)) void buses[n % 2]?.send({ channelId: 'a', content: n });
    await quiet();
    expect(contents(got[0] as Message[])).toHaveLength(20);
    expect(got[0]).toEqual(got[1]);
  });
});

test('what comes twice from a host is heard once, and credited', async () => {
  const log = new MemoryLog();
  await log.append([{ block: blockOf('a', [1, 2]) }, { block: blockOf('a', [3]) }]);
  const { blocks, logId } = await log.read('a', 0, 10);
  const host = new HeldHost();
  const bus = new HostedBus(host);
  const got = heard(bus, 'a');
  const [opened] = host.opened;
  opened?.sink.started({ a: { logId, offset: 1 } });
  opened?.sink.started({ a: { logId, offset: 0 } });
  for (const block of [...blocks, ...blocks]) opened?.sink.block(block);
  expect(contents(got)).toEqual([2, 3]);
  expect(opened?.credit).toBe(6);
});

test('a host tells nothing to a subscription that was stopped', async () => {
  const log = new MemoryLog();
  await log.append([{ block: blockOf('a', [1]) }]);
  const { blocks, logId } = await log.read('a', 0, 10);
  const host = new HeldHost();
  const bus = new HostedBus(host);
  const told: unknown[] = [];
  bus.on('reset', (reset) => told.push(reset));
  bus.subscribe('a', (message) => told.push(message), { ephemeral: true })();
  const sink = host.opened[0]?.sink;
  sink?.block(blocks[0] as never);
  sink?.ephemeral(blockOf('a', [2]));
  sink?.reset({ channelId: 'a', reason: 'trimmed', had: { logId, offset: 0 }, now: { logId, offset: 1 } });
  expect(told).toEqual([]);
  expect(host.opened[0]?.closed).toBe(1);
});

test('a host that can deliver nothing more ends the subscription', async () => {
  const host = new HeldHost();
  const bus = new HostedBus(host);
  const subscription = bus.subscribe('a', () => undefined);
  host.opened[0]?.sink.lost(busError('VERSION_MISMATCH', 'Too old.'));
  expect(await failure(subscription.ready)).toMatchObject({ code: 'VERSION_MISMATCH' });
  expect(bus.getSubscriberCount('a')).toBe(0);
});

test('readers of one host do not disturb each other', async () => {
  const log = new MemoryLog();
  const host = new LogHost(log, { host: 'process', why: '', durability: 'memory' });
  const bus = new HostedBus(host);
  const stopped = bus.subscribe('a', () => undefined);
  const got = [heard(bus, 'a'), heard(bus, '*'), heard(bus, 'b')];
  await quiet();
  stopped();
  await bus.send({ channelId: 'a', content: 1 });
  expect(got.map(contents)).toEqual([[1], [1], []]);
});
