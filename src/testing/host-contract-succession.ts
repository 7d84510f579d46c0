// What a host's end may cost: a moment. The next one goes on from the log, and its tabs say again what was not acknowledged.

import type { Message } from '../core/message.ts';
import type { HostKind, MessageBus } from '../core/message-bus.ts';
import { checkStored, contentsOf, createGate, inOrder, numbers, summaryOf } from './host-contract-bench.ts';
import type { HostSetup, HostTest } from './host-contract-bench.ts';
import { give, readStream, work, worked } from './host-contract-work.ts';
import type { Runner } from './runner.ts';

export function testSuccession(runner: Runner, test: HostTest, setup: Pick<HostSetup, 'kind' | 'opened'>): void {
  runner.describe('when its context ends', () => {
    testDelivery(runner, test);
    testMeanwhile(runner, test);
    testWorkGoesOn(runner, test);
    testNext(runner, test, setup.kind);
    if (setup.opened !== undefined) testIdentity(runner, test, setup.opened);
  });
}

function testDelivery({ expect }: Runner, test: HostTest): void {
  test('subscriptions go on, without a gap and nothing twice', async (bench) => {
    const tabs = bench.openThree();
    const heard = tabs.map((tab) => bench.hear(tab, 'room'));
    const live = bench.hear(tabs[2], '*', { from: 'now' });
    await live.subscription.ready;
    const sent: Message[] = [];
    for (const round of numbers(3)) {
      for (const tab of tabs) sent.push(await tab.send({ channelId: 'room', content: [round, 'before'] }));
      await bench.succeed();
      for (const tab of tabs) sent.push(await tab.send({ channelId: 'room', content: [round, 'after'] }));
    }
    for (const each of [...heard, live]) expect(await each.count(18)).toEqual(sent);
  });

  test('what was not acknowledged is stored by the next, exactly once, in each sender’s order', async (bench) => {
    const tabs = bench.openThree();
    const heard = bench.hear(tabs[0], '*');
    await Promise.all(tabs.map((tab) => tab.send({ channelId: 'b', content: 0 })));
    const sendings: Promise<Message>[][] = [[], [], []];
    for (const round of numbers(4)) {
      const before = bench.term;
      for (const [at, tab] of tabs.entries()) {
        for (const n of numbers(100))
          sendings[at]?.push(tab.send({ channelId: n % 4 === 0 ? 'b' : 'a', content: round * 1000 + n }));
      }
      // At the end of this turn, while it is under way, or when something has been stored.
      if (round > 1) await Promise.resolve();
      if (round > 2) await Promise.race(sendings.flat().slice(-1));
      await bench.end();
      await bench.succeeded(before);
    }
    const sent = await Promise.all(sendings.map((own) => Promise.all(own)));
    for (const channelId of ['a', 'b']) {
      for (const own of sent) {
        const there = own.filter((message) => message.channelId === channelId);
        expect(there).toEqual(inOrder(there));
      }
    }
    await checkStored(
      { expect },
      tabs[1],
      'a',
      sent.flat().filter(({ channelId }) => channelId === 'a'),
    );
    await heard.count(1203);
    const stored = await tabs[2].history('b', { limit: 1000 });
    expect(stored.length).toBe(303);
    expect(heard.messages.filter(({ channelId }) => channelId === 'b')).toEqual(stored);
  });

  test('a message of a given id is stored once, before and after', async (bench) => {
    const tabs = bench.openThree();
    const heard = bench.hear(tabs[0], 'room');
    const send = (tab: MessageBus): Promise<Message> => tab.send({ channelId: 'room', id: 'key', content: 1 });
    const sendings = [send(tabs[0])];
    await sendings[0];
    for (const tab of tabs) {
      sendings.push(send(tab));
      await bench.succeed();
      sendings.push(send(tab));
    }
    const sent = await Promise.all(sendings);
    expect(sent.map(({ offset }) => offset)).toEqual(sent.map(() => 1));
    await tabs[1].send({ channelId: 'room', content: 2 });
    expect(contentsOf(await heard.count(2))).toEqual([1, 2]);
  });

  test('large bytes that were on their way arrive whole', async (bench) => {
    const [a, b] = bench.openThree();
    const heard = bench.hear(b, 'room');
    const contents = numbers(4).map((n) => Uint8Array.from({ length: 500_000 }, (_, at) => at * n));
    await b.send({ channelId: 'elsewhere', content: 0 });
    const sendings = contents.map((content) => a.send({ channelId: 'room', content }));
    await sendings[0];
    await bench.succeed();
    await Promise.all(sendings);
    expect(contentsOf(await heard.count(4)).map((bytes) => summaryOf(bytes as Uint8Array))).toEqual(
      contents.map(summaryOf),
    );
  });

  test('what is ephemeral is heard again through the next', async (bench) => {
    const [a, b] = bench.openThree();
    const heard = bench.hear(b, 'room', { ephemeral: 'only' });
    await Promise.all([heard.subscription.ready, a.history('room')]);
    await bench.succeed();
    // What b says comes after what it said to its new host: then it listens there.
    await b.history('room');
    await a.send({ channelId: 'room', content: 'typing' }, { ephemeral: true });
    expect(contentsOf(await heard.count(1))).toEqual(['typing']);
  });
}

function testMeanwhile({ expect }: Runner, test: HostTest): void {
  test('what is asked meanwhile is answered by the next', async (bench) => {
    const [a, b] = bench.openThree();
    const sent = await Promise.all(numbers(300).map((n) => a.send({ channelId: 'room', content: n })));
    for (const _ of numbers(2)) {
      const before = bench.term;
      const histories = [a, b, a].map((tab) => tab.history('room', { limit: 1000 }));
      const channels = b.admin.channels('room');
      const late = bench.hear(bench.open(), 'room');
      await bench.end();
      for (const history of await Promise.all(histories)) expect(history).toEqual(sent);
      expect((await channels).map(({ head }) => head)).toEqual([300]);
      expect(await late.count(300)).toEqual(sent);
      await bench.succeeded(before);
    }
  });

  test('a tab that comes then is served by the next, from any place', async (bench) => {
    const [a] = bench.openThree();
    const early = bench.hear(a, 'room');
    const sent = await Promise.all(numbers(5).map((n) => a.send({ channelId: 'room', content: n })));
    await early.count(5);
    const place = early.subscription.positions();
    await bench.end();
    const late = bench.open();
    const heard = [bench.hear(late, 'room'), bench.hear(late, 'room', { from: place })];
    sent.push(await late.send({ channelId: 'room', content: 6 }));
    expect(await heard[0]?.count(6)).toEqual(sent);
    expect(await heard[1]?.count(1)).toEqual(sent.slice(5));
    expect(await early.count(6)).toEqual(sent);
  });

  test('a tab that closes then settles what it was given', async (bench) => {
    const [a, b] = bench.openThree();
    const heard = bench.hear(b, 'room');
    await Promise.all([heard.subscription.ready, a.send({ channelId: 'room', content: 0 })]);
    const sendings = numbers(50).map((n) => a.send({ channelId: 'room', content: n }));
    const asked = a.history('room').catch(() => []);
    await bench.end();
    await a.close();
    await asked;
    const settled = await Promise.allSettled(sendings);
    const stored = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value.content] : []));
    await b.send({ channelId: 'room', content: 'last' });
    await bench.until('the last one', () => heard.messages.at(-1)?.content === 'last');
    const all = contentsOf(heard.messages);
    expect(stored.filter((content) => !all.includes(content))).toEqual([]);
    expect(all).toEqual([0, ...numbers(all.length - 2), 'last']);
  });

  test('nobody notices who has nothing to do, and the next send goes to the next host', async (bench) => {
    const [a, b] = bench.openThree();
    const heard = bench.hear(b, 'room');
    await a.send({ channelId: 'room', content: 1 });
    for (const _ of numbers(3)) await bench.succeed();
    await a.send({ channelId: 'room', content: 2 });
    expect(contentsOf(await heard.count(2))).toEqual([1, 2]);
  });

  test('what was deleted or cleared stays so', async (bench) => {
    const [a, b, c] = bench.openThree();
    const view = c.live('kept');
    const [first, second] = await Promise.all([1, 2].map((n) => a.send({ channelId: 'kept', content: n })));
    await a.send({ channelId: 'cleared', content: 1 });
    await b.deleteMessage(first?.id ?? '', 'kept');
    await b.clearChannel('cleared');
    await bench.succeed();
    expect(await c.history('kept')).toEqual([second]);
    expect(await bench.open().history('cleared')).toEqual([]);
    const last = await b.send({ channelId: 'kept', content: 3 });
    const entries = await bench.holds(view, 'the last one', (all) => all.at(-1)?.id === last.id);
    expect(entries.map(({ id }) => id)).toEqual([second?.id, last.id]);
  });
}

function testWorkGoesOn({ expect }: Runner, test: HostTest): void {
  test('each message of a group is handled once all the same', async (bench) => {
    const tabs = bench.openThree();
    const workers = tabs.map((tab) => work(bench, tab));
    const handled = (): number => workers.reduce((sum, worker) => sum + worker.handled.length, 0);
    for (const round of [0, 1, 2]) {
      const before = bench.term;
      const given = give(
        tabs[round] as MessageBus,
        numbers(20).map((n) => round * 20 + n),
      );
      await bench.until('some of it done', () => handled() > round * 20);
      await bench.end();
      await given;
      await bench.succeeded(before);
    }
    expect(await worked(bench, tabs[0], workers)).toEqual(numbers(60));
  });

  test('what a tab had in hand that closes meanwhile comes to others', async (bench) => {
    const [a, b, c] = bench.openThree();
    const gate = createGate();
    const first = work(bench, a, 3, gate);
    await give(c, numbers(6));
    await bench.until('three in hand', () => first.begun === 3);
    const second = work(bench, b);
    await bench.end();
    const closing = a.close();
    gate.shut();
    await closing;
    expect(await worked(bench, c, [second])).toEqual(numbers(6));
    expect(first.handled).toEqual([]);
  });

  test('what a member has in hand stays in its hand', async (bench) => {
    const [a, b, c] = bench.openThree();
    const gate = createGate();
    const first = work(bench, a, 3, gate);
    await give(c, numbers(6));
    await bench.until('three in hand', () => first.begun === 3);
    const second = work(bench, b);
    await bench.succeed();
    await bench.until('the others done', () => second.handled.length === 3);
    gate.open();
    expect(await worked(bench, c, [first, second])).toEqual(numbers(6));
    expect([first.begun, second.begun]).toEqual([3, 3]);
  });

  test('a request is answered, once', async (bench) => {
    const [a, b, c] = bench.openThree();
    const gate = createGate();
    let asked = 0;
    b.respond('sums', async ({ content }) => {
      asked += 1;
      bench.changed();
      await gate.opened;
      return (content as number) + 1;
    });
    const all = bench.hear(c, 'sums', { from: 'earliest', filter: { types: ['response'] } });
    const asking = a.request<number>({ channelId: 'sums', content: 1 });
    await bench.until('the question', () => asked === 1);
    await bench.succeed();
    gate.open();
    expect((await asking).content).toBe(2);
    expect((await a.request({ channelId: 'sums', content: 2 })).content).toBe(3);
    expect(contentsOf(await all.count(2))).toEqual([2, 3]);
    expect(asked).toBe(2);
  });

  test('a stream is read whole, by who was there and by who comes', async (bench) => {
    const [a, b] = bench.openThree();
    const early = readStream(bench, b, 'room');
    await early.ready;
    const stream = a.stream({ channelId: 'room' });
    stream.write('one ');
    await bench.until(
      'its beginning',
      () => early.text === 'one ',
      () => early.text,
    );
    await bench.end();
    stream.write('two ');
    const late = readStream(bench, bench.open(), 'room');
    await late.ready;
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
  });

  test('a live list is as it was, and goes on', async (bench) => {
    const [a, b] = bench.openThree();
    const views = [a.live('room'), b.live('room')];
    await Promise.all(numbers(5).map((n) => b.send({ channelId: 'room', content: n })));
    const before = bench.term;
    await bench.end();
    const own = a.send({ channelId: 'room', content: 'own' });
    await bench.succeeded(before);
    const sent = [await own, await b.send({ channelId: 'room', content: 'other' })];
    for (const view of views) {
      const entries = await bench.holds(view, 'all of it', (all) => all.length >= 7);
      expect(contentsOf(entries)).toEqual([1, 2, 3, 4, 5, ...contentsOf(sent)]);
    }
  });

  test('who is there is there again, and who goes meanwhile is not', async (bench) => {
    const [a, b, c] = bench.openThree();
    const ids = (members: readonly { readonly userId: string }[]): string => members.map(({ userId }) => userId).join();
    await Promise.all([a.joinChannel('room', 'ada'), b.joinChannel('room', 'bob'), c.joinChannel('room', 'cyd')]);
    const there = c.presence('room');
    await bench.holds(there, 'all three', (members) => ids(members) === 'ada,bob,cyd');
    const before = bench.term;
    await bench.end();
    await b.close();
    await bench.succeeded(before);
    await bench.holds(there, 'the other two', (members) => ids(members) === 'ada,cyd');
    await bench.succeed();
    await bench.holds(bench.open().presence('room'), 'both', (members) => ids(members) === 'ada,cyd');
  });
}

function testNext({ expect }: Runner, test: HostTest, kind: HostKind): void {
  test('the next is of the same kind, of a later term, and counts its tabs', async (bench) => {
    const tabs = bench.openThree();
    const terms = tabs.map((tab) => {
      const own: number[] = [];
      tab.on('host', ({ term }) => own.push(term));
      return own;
    });
    await Promise.all(tabs.map((tab) => tab.history('room')));
    for (const _ of numbers(2)) await bench.succeed();
    for (const { status } of tabs) {
      const { host, outbox } = await bench.holds(status, 'three tabs', (now) => now.tabs === 3 && now.host === kind);
      expect([host, outbox]).toEqual([kind, 0]);
    }
    for (const own of terms) {
      expect(own).toEqual(own.toSorted((x, y) => x - y));
      expect((own.at(-1) ?? 0) >= (own[0] ?? 0) + 2).toBe(true);
    }
  });
}

function testIdentity({ expect }: Runner, test: HostTest, opened: NonNullable<HostSetup['opened']>): void {
  test('the store is the same for whoever comes later, under a later term', async (bench) => {
    const first = await opened(bench.open());
    await bench.succeed();
    const second = await opened(bench.open());
    await bench.succeed();
    const third = await opened(bench.open());
    expect(first.storeId.length >= 10).toBe(true);
    expect([second.storeId, third.storeId]).toEqual([first.storeId, first.storeId]);
    expect([first.term < second.term, second.term < third.term]).toEqual([true, true]);
  });
}
