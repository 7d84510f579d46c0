// A channel as a list: what was, what comes, what is on its way, and what grows.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Log, Message, MessageBus } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { busError } from '../../src/core/errors.ts';
import { HostedBus } from '../../src/core/bus.ts';
import type { InnerStreamOptions } from '../../src/core/inside.ts';
import type { Entry, LiveOptions, LiveView } from '../../src/core/message-bus.ts';
import { failure, HeldHost, numbers, quiet, sendBlock, testPlatform, until, wrapped } from './support.ts';

type Live = Pick<MessageBus, 'live' | 'history'>;

/** A view that shows what there is. */
async function opened(bus: Live, options?: LiveOptions, channelId = 'a'): Promise<LiveView> {
  const view = bus.live(channelId, options);
  let told = false;
  view.subscribe(() => (told = true));
  await until(() => told);
  for (let turn = 0; turn < 3; turn++) await quiet();
  return view;
}

const shown = (view: LiveView): unknown[] => view.getSnapshot().map(({ content }) => content);
const states = (view: LiveView): string[] => view.getSnapshot().map(({ state }) => state);

describe('a live view', () => {
  test('is history, and what comes, each entry the same object as long as it is the same', async () => {
    const bus = new MessageBusCore();
    await sendBlock(bus, 'a', numbers(1, 3));
    await bus.send({ channelId: 'b', content: 'elsewhere' });
    const view = bus.live('a');
    expect(view.getSnapshot()).toEqual([]);
    const snapshots: (readonly Entry[])[] = [];
    view.subscribe(() => void snapshots.push(view.getSnapshot()));
    await until(() => view.getSnapshot().length === 3);
    const before = view.getSnapshot();
    snapshots.length = 0;
    const sent = await sendBlock(bus, 'a', [4, 5]);
    await until(() => states(view).every((state) => state === 'stored'));
    expect(shown(view)).toEqual(numbers(1, 5));
    expect(view.getSnapshot().slice(3)).toEqual(sent.map((message) => ({ ...message, state: 'stored' })));
    before.forEach((entry, at) => expect(view.getSnapshot()[at]).toBe(entry));
    expect(snapshots.length).toBeLessThanOrEqual(2);
    expect(view.getServerSnapshot()).toBe(bus.live('b').getServerSnapshot());
  });

  test('begins with so many messages, and reads older ones when asked', async () => {
    const bus = new MessageBusCore();
    await sendBlock(bus, 'a', numbers(1, 300));
    await sendBlock(bus, 'a', numbers(301, 320));
    const view = await opened(bus, { last: 10 });
    expect(shown(view)).toEqual(numbers(311, 320));
    expect(await view.loadOlder(15)).toBe(true);
    await quiet();
    expect(shown(view)).toEqual(numbers(296, 320));
    expect(await view.loadOlder()).toBe(true);
    await Promise.all([view.loadOlder(200), view.loadOlder(200)]);
    await quiet();
    expect(shown(view)).toEqual(numbers(1, 320));
    expect(await view.loadOlder()).toBe(false);
  });

  test('fills itself up where what it counted is nothing to show', async () => {
    const bus = new MessageBusCore();
    for (const content of numbers(1, 4)) {
      await bus.send({ channelId: 'a', content });
      await bus.send({ channelId: 'a', content, type: 'other' });
    }
    const view = await opened(bus, { last: 3, filter: { types: ['text'] } });
    await until(() => view.getSnapshot().length === 3);
    expect(shown(view)).toEqual([2, 3, 4]);
    void bus.send({ channelId: 'a', content: 'no', type: 'other' });
    await bus.send({ channelId: 'a', content: 5 });
    await quiet();
    expect(shown(view)).toEqual([2, 3, 4, 5]);
  });

  test('ends where retention dropped what was before', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    await sendBlock(bus, 'a', numbers(1, 3));
    const view = await opened(bus, { last: 0 });
    await log.trim('a', 3);
    expect(await view.loadOlder()).toBe(false);
    await bus.send({ channelId: 'a', content: 4 });
    await quiet();
    expect(shown(view)).toEqual([4]);
  });

  test('forgets what it was reading when the channel is cleared', async () => {
    const log = new MemoryLog();
    let held: Promise<void> | undefined;
    const read: Log['read'] = async (...asked) => {
      const waiting = held;
      held = undefined;
      const page = await log.read(...asked);
      await waiting;
      return page;
    };
    const bus = new MessageBusCore({ log: wrapped(log, { read }) });
    await sendBlock(bus, 'a', numbers(1, 3));
    const view = await opened(bus, { last: 0 });
    let release: () => void = () => undefined;
    held = new Promise((resolve) => (release = resolve));
    const older = view.loadOlder();
    await until(() => held === undefined);
    await bus.clearChannel('a');
    release();
    expect(await older).toBe(false);
    await quiet();
    expect(shown(view)).toEqual([]);
  });

  test('leaves out what expired, also where it reads older ones', async () => {
    const platform = testPlatform();
    const bus = new MessageBusCore({ platform });
    await bus.send({ channelId: 'a', content: 'short', ttl: 10 });
    await sendBlock(bus, 'a', [1]);
    platform.advance(10);
    expect(shown(await opened(bus))).toEqual([1]);
    const view = await opened(bus, { last: 0 });
    expect(await view.loadOlder()).toBe(true);
    await quiet();
    expect(shown(view)).toEqual([1]);
  });

  test('is without what was deleted or cleared', async () => {
    const bus = new MessageBusCore();
    const [first] = (await sendBlock(bus, 'a', numbers(1, 3))) as [Message];
    const view = await opened(bus);
    await bus.deleteMessage(first.id, 'a');
    await until(() => shown(view).length === 2);
    expect(shown(view)).toEqual([2, 3]);
    await bus.clearChannel('a');
    await until(() => shown(view).length === 0);
    await bus.send({ channelId: 'a', content: 4 });
    await quiet();
    expect(shown(view)).toEqual([4]);
    expect(await view.loadOlder()).toBe(false);
  });

  test('stops when it is closed, or its signal aborts, or the bus is closed', async () => {
    const bus = new MessageBusCore();
    await bus.send({ channelId: 'a', content: 1 });
    const abort = new AbortController();
    const views = [await opened(bus), await opened(bus, { signal: abort.signal }), await opened(bus)] as const;
    views[0].close();
    abort.abort();
    await bus.send({ channelId: 'a', content: 2 });
    await quiet();
    expect(views.map(shown)).toEqual([[1], [1], [1, 2]]);
    expect(await views[0].loadOlder()).toBe(false);
    await bus.close();
    expect(await failure(() => bus.live('a'))).toMatchObject({ code: 'CLOSED' });
    expect(await failure(() => bus.live('*'))).toMatchObject({ code: 'INVALID_CHANNEL' });
  });

  test('can be closed before it is there', async () => {
    const bus = new MessageBusCore();
    const view = bus.channel('a').live({ last: 1 });
    view[Symbol.dispose]();
    await view.loadOlder().catch(() => undefined);
    expect(bus.getSubscriberCount('a')).toBe(0);
  });
});

describe('one’s own messages in a live view', () => {
  test('are there at once, after all others, and become what is stored', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host, { author: { id: 'me', name: 'Me' }, platform: testPlatform() });
    const view = await opened(bus as never as Live);
    const sending = bus.send({ channelId: 'a', content: 1, topic: 't' });
    void bus.send({ channelId: 'a', content: 2 });
    void bus.send({ channelId: 'a', content: 'signal' }, { ephemeral: true });
    void bus.send({ channelId: 'b', content: 'elsewhere' });
    await quiet();
    const before = view.getSnapshot();
    expect(before).toMatchObject([
      { id: sending.id, content: 1, state: 'queued', authorId: 'me', authorName: 'Me', topic: 't', offset: 0 },
      { content: 2, state: 'queued' },
    ]);
    void bus.send({ channelId: 'a', content: 3 });
    await quiet();
    expect(states(view)).toEqual(['queued', 'queued', 'queued']);
    expect(view.getSnapshot()[0]).toBe(before[0]);
    const { sink } = host.opened.find(({ request }) => request.pattern === 'a') as (typeof host.opened)[0];
    sink.started({ a: { logId: 'log', offset: 0 } });
    sink.live();
    for (const { settle } of host.pushed) settle();
    await quiet();
    expect(states(view)).toEqual(['stored', 'stored', 'stored']);
    expect(shown(view)).toEqual([1, 2, 3]);
  });

  test('that fail stay, with their error, until they are sent again or discarded', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host, { platform: testPlatform() });
    const view = await opened(bus as never as Live);
    const error = busError('STORAGE_FULL', 'Full.');
    const sendings = [1, 2, 3].map((content) => bus.send({ channelId: 'a', content, id: `m${content}` }));
    const elsewhere = bus.send({ channelId: 'b', content: 'elsewhere' });
    const failures = Promise.all([...sendings, elsewhere].map((sending) => failure(sending)));
    await quiet();
    for (const { fail } of host.pushed.splice(0)) fail(error);
    await failures;
    await quiet();
    expect(view.getSnapshot()).toMatchObject([1, 2, 3].map((content) => ({ content, state: 'failed', error })));
    await bus.admin.discard('m2');
    const retried = failure(bus.admin.retry('m1'));
    await until(() => host.pushed.length === 1);
    await quiet();
    expect(view.getSnapshot().map(({ id, state }) => [id, state])).toEqual([
      ['m3', 'failed'],
      ['m1', 'queued'],
    ]);
    host.pushed[0]?.fail(error);
    expect(await retried).toBe(error);
    await quiet();
    expect(states(view)).toEqual(['failed', 'failed']);
  });

  test('are not shown if they would not pass the filter', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host);
    const view = await opened(bus as never as Live, { filter: { types: ['note'] } });
    void bus.send({ channelId: 'a', content: 1 });
    void bus.send({ channelId: 'a', content: 2, type: 'note' });
    await quiet();
    expect(shown(view)).toEqual([2]);
  });
});

describe('a stream in a live view', () => {
  test('is one entry that grows in its place, and ends there', async () => {
    const log = new MemoryLog();
    const [bus, other] = [new MessageBusCore({ log }), new MessageBusCore({ log })];
    void other;
    const view = await opened(bus);
    const stream = bus.stream({ channelId: 'a', type: 'answer', topic: 't' });
    await until(() => view.getSnapshot().length === 1);
    await bus.send({ channelId: 'a', content: 'meanwhile' });
    stream.write('so ');
    await quiet();
    expect(view.getSnapshot()).toMatchObject([
      { id: stream.id, type: 'answer', topic: 't', content: 'so ', state: 'streaming' },
      { content: 'meanwhile', state: 'stored' },
    ]);
    const [, meanwhile] = view.getSnapshot();
    const late = await opened(bus);
    await until(() => shown(late)[0] === 'so ');
    stream.write('far');
    await stream.close();
    await quiet();
    for (const each of [view, late, await opened(bus)])
      expect(each.getSnapshot()).toMatchObject([
        { id: stream.id, type: 'answer', topic: 't', content: 'so far', state: 'stored' },
        { content: 'meanwhile' },
      ]);
    expect(view.getSnapshot()[1]).toBe(meanwhile);
  });

  test('grows in its place, also when the list was changed before it', async () => {
    const bus = new MessageBusCore();
    const [first] = await sendBlock(bus, 'a', numbers(1, 8));
    const view = await opened(bus, { last: 4 });
    const stream = bus.stream({ channelId: 'a' });
    await until(() => view.getSnapshot().length === 5);
    await bus.send({ channelId: 'a', content: 'meanwhile' });
    stream.write('so ');
    await until(() => shown(view)[4] === 'so ');
    await view.loadOlder();
    await bus.deleteMessage(first?.id ?? '', 'a');
    stream.write('far');
    await until(() => shown(view).includes('so far'));
    expect(shown(view)).toEqual([...numbers(2, 8), 'so far', 'meanwhile']);
  });

  test('is there also if it was begun and ended at once', async () => {
    const log = new MemoryLog();
    const append: Log['append'] = async (entries) => {
      await quiet();
      return log.append(entries);
    };
    const bus = new MessageBusCore({ log: wrapped(log, { append }) });
    const view = await opened(bus);
    await bus.stream({ channelId: 'a' }).close();
    const stream = bus.stream({ channelId: 'a' });
    stream.write('text');
    await stream.close({ words: 1 });
    await bus.send({ channelId: 'a', content: 'next' });
    await quiet();
    expect(shown(view)).toEqual(['', { words: 1 }, 'next']);
    expect(view.getSnapshot()[1]?.id).toBe(stream.id);
  });

  test('stays with what there was when it is aborted, now and in history', async () => {
    const bus = new MessageBusCore();
    const view = await opened(bus);
    const stream = bus.stream({ channelId: 'a' });
    stream.write('so far');
    await until(() => shown(view)[0] === 'so far');
    stream.abort();
    await quiet();
    for (const each of [view, await opened(bus), await opened(bus, { last: 1 })])
      expect(each.getSnapshot()).toMatchObject([{ id: stream.id, content: 'so far', state: 'aborted' }]);
  });

  test('is found where only its end was read before', async () => {
    const bus = new MessageBusCore();
    const streams = ['first', 'second', 'third'].map((id) => bus.stream({ channelId: 'a', id }));
    for (const stream of streams) stream.write(`${stream.id}…`);
    const ready = await opened(bus);
    await until(() => shown(ready).length === 3);
    await sendBlock(bus, 'a', numbers(1, 3));
    await streams[0]?.close();
    streams[1]?.abort();
    await quiet();
    const view = await opened(bus, { last: 0 });
    // What is under way is asked for.
    await until(() => shown(view).length === 1);
    expect(await view.loadOlder(1)).toBe(true);
    expect(await view.loadOlder(10)).toBe(true);
    await quiet();
    expect(view.getSnapshot().map(({ id, content, state }) => [id.length > 9 ? '' : id, content, state])).toEqual([
      ['first', 'first…', 'stored'],
      ['second', 'second…', 'aborted'],
      ['third', 'third…', 'streaming'],
      ['', 1, 'stored'],
      ['', 2, 'stored'],
      ['', 3, 'stored'],
    ]);
  });

  test('begins anew when another writer begins it anew', async () => {
    const bus = new MessageBusCore();
    const view = await opened(bus);
    const first = bus.stream({ channelId: 'a', id: 's' });
    first.write('half');
    await until(() => shown(view)[0] === 'half');
    const options: InnerStreamOptions = { run: 2 };
    const second = bus.stream({ channelId: 'a', id: 's' }, options);
    second.write('whole');
    await until(() => shown(view)[0] === 'whole');
    first.abort();
    await quiet();
    expect(view.getSnapshot()).toMatchObject([{ id: 's', content: 'whole', state: 'streaming' }]);
    await second.close();
    await quiet();
    expect(view.getSnapshot()).toMatchObject([{ id: 's', content: 'whole', state: 'stored' }]);
  });

  test('goes when it is deleted, or its channel cleared; what is under way comes again', async () => {
    const bus = new MessageBusCore();
    const view = await opened(bus);
    const stream = bus.stream({ channelId: 'a', id: 's' });
    stream.write('so far');
    await until(() => shown(view)[0] === 'so far');
    await bus.clearChannel('a');
    await until(() => shown(view)[0] === 'so far');
    const end = await stream.close();
    await quiet();
    expect(view.getSnapshot()).toMatchObject([{ id: 's', state: 'stored' }]);
    await bus.deleteMessage(end.id, 'a');
    await until(() => shown(view).length === 0);
  });

  test('is left out where it does not pass the filter', async () => {
    const bus = new MessageBusCore();
    const view = await opened(bus, { filter: { types: ['note'] } });
    const stream = bus.stream({ channelId: 'a' });
    stream.write('so far');
    await stream.close();
    await quiet();
    expect(shown(view)).toEqual([]);
  });
});
