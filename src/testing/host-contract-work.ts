// What tabs do together through their host: share work, ask, stream, see each other, and go.

import type { Message } from '../core/message.ts';
import type { HostKind, MessageBus, ReadableMessage } from '../core/message-bus.ts';
import { checkStored, contentsOf, createGate, numbers, rejection } from './host-contract-bench.ts';
import type { Gate, HostBench, HostTest } from './host-contract-bench.ts';
import type { Runner } from './runner.ts';

export function testWork(runner: Runner, test: HostTest, kind: HostKind): void {
  runner.describe('its tabs, together,', () => {
    testGroups(runner, test);
    testTalking(runner, test);
    testCompany(runner, test);
    testStatus(runner, test, kind);
    testClosing(runner, test);
  });
}

export interface Worker {
  readonly handled: unknown[];
  /** How many messages it has begun with. */
  begun: number;
}

/** A member of the group "g" of the channel "work", which waits at the gate with each message. */
export function work(bench: HostBench, tab: MessageBus, concurrency = 4, gate?: Gate): Worker {
  const worker: Worker = { handled: [], begun: 0 };
  tab.consume('work', { group: 'g', concurrency, backoff: { initial: 1, factor: 1 } }, async ({ content }) => {
    worker.begun += 1;
    bench.changed();
    await gate?.opened;
    worker.handled.push(content);
    bench.changed();
  });
  return worker;
}

/** Resolves when the group has nothing left, with what its members have handled. */
export async function worked(bench: HostBench, tab: MessageBus, workers: readonly Worker[]): Promise<unknown[]> {
  await bench.asks(
    'a group with nothing left',
    () => tab.admin.groups('work'),
    (groups) => groups.length === 1 && groups.every(({ pending, lag }) => pending === 0 && lag === 0),
  );
  return workers.flatMap(({ handled }) => handled).toSorted((x, y) => (x as number) - (y as number));
}

export const give = (tab: MessageBus, contents: readonly unknown[]): Promise<readonly Message[]> =>
  Promise.all(contents.map((content) => tab.send({ channelId: 'work', content })));

function testGroups({ expect }: Runner, test: HostTest): void {
  test('handle each message of a group once', async (bench) => {
    const tabs = bench.openThree();
    const workers = tabs.map((tab) => work(bench, tab));
    await Promise.all(
      tabs.map((tab, at) =>
        give(
          tab,
          numbers(20).map((n) => at * 20 + n),
        ),
      ),
    );
    expect(await worked(bench, tabs[0], workers)).toEqual(numbers(60));
  });

  test('take over what a tab that closes had in hand', async (bench) => {
    const [a, b, c] = bench.openThree();
    const gate = createGate();
    const first = work(bench, a, 5, gate);
    await give(c, numbers(9));
    await bench.until('five in hand', () => first.begun === 5);
    const second = work(bench, b);
    const closing = a.close();
    gate.shut();
    await closing;
    expect(await worked(bench, c, [second])).toEqual(numbers(9));
    expect(first.handled).toEqual([]);
  });
}

/** What a tab reads of the first stream of a channel. */
export interface Read {
  stream: ReadableMessage | undefined;
  text: string;
}

export function readStream(bench: HostBench, tab: MessageBus, channelId: string): Read & { ready: Promise<void> } {
  const { ready } = tab.streams(channelId, (stream) => {
    read.stream ??= stream;
    void (async () => {
      for await (const part of stream) {
        read.text += part;
        bench.changed();
      }
    })().catch(() => undefined);
    bench.changed();
  });
  const read: Read & { ready: Promise<void> } = { stream: undefined, text: '', ready };
  return read;
}

function testTalking({ expect }: Runner, test: HostTest): void {
  test('ask and are answered, by one of those who can', async (bench) => {
    const [a, b, c] = bench.openThree();
    let answered = 0;
    for (const tab of [b, c])
      tab.respond('sums', ({ content }) => {
        answered += 1;
        return (content as number[]).reduce((sum, n) => sum + n, 0);
      });
    const answers = await Promise.all(numbers(10).map((n) => a.request({ channelId: 'sums', content: [n, 1] })));
    expect(contentsOf(answers)).toEqual(numbers(10).map((n) => n + 1));
    expect(answered).toBe(10);
    c.respond('failing', () => {
      throw new Error('as the test wants');
    });
    expect(await rejection(a.request({ channelId: 'failing', content: 1 }))).toBe('RESPONDER_FAILED');
  });

  test('read a stream as it grows, from its beginning or from its middle', async (bench) => {
    const [a, b, c] = bench.openThree();
    const early = readStream(bench, b, 'room');
    await early.ready;
    const stream = a.stream({ channelId: 'room' });
    stream.write('one ');
    await bench.until(
      'its beginning',
      () => early.text === 'one ',
      () => early.text,
    );
    const late = readStream(bench, c, 'room');
    await late.ready;
    stream.write('two ');
    await bench.until(
      'what there is',
      () => late.stream?.text === 'one two ',
      () => String(late.stream?.text),
    );
    stream.write('three');
    const stored = await stream.close();
    expect(stored.content).toBe('one two three');
    for (const read of [early, late]) {
      expect(await read.stream?.done).toEqual(stored);
      await bench.until(
        'the whole text',
        () => read.text === 'one two three',
        () => read.text,
      );
    }
    expect(contentsOf(await bench.open().history('room'))).toEqual(['one two three']);
  });

  test('see a stream end whose writer closes before', async (bench) => {
    const [a, b] = bench.openThree();
    const read = readStream(bench, b, 'room');
    await read.ready;
    const stream = a.stream({ channelId: 'room' });
    stream.write('one ');
    await bench.until(
      'its beginning',
      () => read.text === 'one ',
      () => read.text,
    );
    await a.close();
    expect(await rejection(read.stream?.done ?? Promise.resolve())).toBe('STREAM_ABORTED');
    expect(await rejection(stream.close())).toBe('STREAM_ABORTED');
  });

  test('hear controls while they listen', async (bench) => {
    const [a, b] = bench.openThree();
    const heard: unknown[] = [];
    await b.subscribeControl('room', (control) => {
      heard.push(control);
      bench.changed();
    }).ready;
    // What is not stored is for those who are there: a tab has to be, too, to say it.
    await a.history('room');
    await a.sendControl('room', 'pause', 'bob');
    await bench.until('the control', () => heard.length > 0);
    expect(heard).toEqual([{ channelId: 'room', action: 'pause', target: 'bob' }]);
  });

  test('have a channel as the same list, one’s own messages at once', async (bench) => {
    const tabs = bench.openThree();
    const views = tabs.map((tab) => tab.live('room'));
    await bench.holds(views[0] as (typeof views)[0], 'nothing', (entries) => entries.length === 0);
    const sending = tabs[0].send({ channelId: 'room', content: 'mine' });
    const [own] = await bench.holds(views[0] as (typeof views)[0], 'my own', (entries) => entries.length === 1);
    expect(own?.id).toBe(sending.id);
    const sent = [await sending, await tabs[1].send({ channelId: 'room', content: 'yours' })];
    for (const view of views) {
      const isThere = (entries: readonly { readonly state: string }[]): boolean =>
        entries.length === 2 && entries.every(({ state }) => state === 'stored');
      const entries = await bench.holds(view, 'both, stored', isThere);
      expect(entries.map(({ id, offset }) => [id, offset])).toEqual(sent.map(({ id, offset }) => [id, offset]));
      view.close();
    }
  });
}

function testCompany({ expect }: Runner, test: HostTest): void {
  test('see who comes, what they do, and who goes', async (bench) => {
    const [a, b, c] = bench.openThree();
    const there = c.presence('room');
    const ids = (members: readonly { readonly userId: string }[]): string => members.map(({ userId }) => userId).join();
    await a.joinChannel('room', 'ada');
    await b.joinChannel('room', 'ada');
    await b.joinChannel('room', 'bob');
    const members = await bench.holds(there, 'ada twice and bob', (all) => all.length === 2 && all[0]?.tabs === 2);
    expect(members).toEqual([
      { userId: 'ada', tabs: 2 },
      { userId: 'bob', tabs: 1 },
    ]);
    a.setPresence('room', { typing: true });
    await bench.holds(there, 'one that types', (all) => all.some(({ state }) => state?.['typing'] === true));
    a.setPresence('room', null);
    await b.leaveChannel('room', 'bob');
    await bench.holds(there, 'ada alone', (all) => ids(all) === 'ada');
    await b.close();
    await bench.holds(there, 'ada once', (all) => all[0]?.tabs === 1);
    await a.close();
    expect(await bench.holds(there, 'nobody', (all) => all.length === 0)).toEqual([]);
  });

  test('know what is said of a channel', async (bench) => {
    const [a, b] = bench.openThree();
    await a.send({ channelId: 'room', content: 1 });
    await a.admin.describe('room', { name: 'The room', metadata: { color: 'red' } });
    const [info] = await b.admin.channels('room');
    expect([info?.name, info?.metadata, info?.head]).toEqual(['The room', { color: 'red' }, 1]);
  });
}

function testStatus({ expect }: Runner, test: HostTest, kind: HostKind): void {
  test('are told which host they have, why, and how many they are', async (bench) => {
    const tabs = bench.openThree();
    for (const tab of tabs) await tab.send({ channelId: 'room', content: 1 });
    for (const { status } of tabs) {
      const { host, why, outbox } = await bench.holds(status, 'three tabs', (now) => now.tabs === 3);
      expect([host, why !== '', outbox]).toEqual([kind, true, 0]);
    }
    await tabs[1].close();
    for (const { status } of [tabs[0], tabs[2]]) await bench.holds(status, 'two tabs', (now) => now.tabs === 2);
    expect(tabs[1].status.getSnapshot().host).toBe('closed');
  });
}

function testClosing({ expect }: Runner, test: HostTest): void {
  test('settle everything when they close, and the others go on', async (bench) => {
    const [a, b] = bench.openThree();
    const heard = bench.hear(b, 'room');
    const iterator = a.messages('elsewhere')[Symbol.asyncIterator]();
    const reading = iterator.next().then(
      ({ done }) => done === true,
      () => true,
    );
    const asking = rejection(a.request({ channelId: 'nobody', content: 1 }));
    const stream = a.stream({ channelId: 'streams' });
    const sendings = numbers(100).map((n) => a.send({ channelId: 'room', content: n }));
    await Promise.all([a.close(), a.close()]);
    expect(await reading).toBe(true);
    expect(['CLOSED', 'ABORTED'].includes(String(await asking))).toBe(true);
    expect(await rejection(stream.close())).toBe('STREAM_ABORTED');
    const sent = await Promise.all(sendings);
    for (const late of [() => a.send({ channelId: 'room', content: 1 }), () => a.history('room')])
      expect(await rejection(late())).toBe('CLOSED');
    await b.send({ channelId: 'room', content: 'after' });
    expect(contentsOf(await heard.count(101))).toEqual([...contentsOf(sent), 'after']);
    await checkStored({ expect }, b, 'room', heard.messages);
  });

  test('close before they have a host, or have used it, and leave nothing behind', async (bench) => {
    const [unused, begun, other] = bench.openThree();
    await unused.close();
    const { ready } = begun.subscribe('room', () => undefined);
    await begun.close();
    expect(['none', 'CLOSED'].includes(String(await rejection(ready)))).toBe(true);
    await other.send({ channelId: 'room', content: 1 });
    await bench.holds(other.status, 'one tab', ({ tabs }) => tabs === 1);
  });
}
