// What is done to a part before it is there, and what becomes of it if it never is.
import type { Message } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { Late, lateConsumer, lateStore, lateStream, lateSubscription, lateView } from '../../src/core/late.ts';
import type { Consumer, LiveView, MessageStream } from '../../src/core/message-bus.ts';
import { createAbort } from '../../src/core/platform.ts';
import { Watched } from '../../src/core/store.ts';
import { subscriptionOf } from '../../src/core/subscription.ts';
import { failure, quiet } from './support.ts';

const missing = new Error('not served');
const never = (): Promise<never> => Promise.reject(missing);

/** Notes down which of its members were called. */
function noting(calls: string[], members: readonly string[]): never {
  const note = (member: string) => (): Promise<void> => {
    calls.push(member);
    return Promise.resolve();
  };
  return Object.fromEntries(members.map((member) => [member, note(member)])) as never;
}

describe('what is there later', () => {
  test('is done in order, then at once', async () => {
    const done: number[] = [];
    const late = new Late(Promise.resolve([10]));
    late.do(([ten]) => done.push(ten as number, 1));
    late.do(() => done.push(2));
    expect([done, late.part]).toEqual([[], undefined]);
    await quiet();
    late.do(() => done.push(3));
    expect([done, late.part]).toEqual([[10, 1, 2, 3], [10]]);
  });

  test('is never done if it never is there', async () => {
    const late = new Late(never());
    late.do(() => expect.unreachable());
    await quiet();
    expect(late.part).toBe(undefined);
  });
});

describe('a consumer that is there later', () => {
  test('is paused, resumed and closed in that order', async () => {
    const calls: string[] = [];
    const consumer = lateConsumer(Promise.resolve<Consumer>(noting(calls, ['pause', 'resume', 'close'])));
    consumer.pause();
    consumer.resume();
    await consumer[Symbol.asyncDispose]();
    expect(calls).toEqual(['pause', 'resume', 'close']);
  });

  test('is closed if it never is there', async () => {
    const consumer = lateConsumer(never());
    consumer.pause();
    expect(await consumer.close()).toBe(undefined);
  });
});

test('a subscription that is there later knows no positions before, and can be stopped before', async () => {
  let stopped = 0;
  const positions = { a: { logId: 'log', offset: 1 } };
  const there = subscriptionOf({ ready: Promise.resolve(), positions: () => positions }, () => (stopped += 1));
  const subscription = lateSubscription(Promise.resolve(there));
  expect(subscription.positions()).toEqual({});
  subscription();
  await subscription.ready;
  expect([subscription.positions(), stopped]).toEqual([positions, 1]);
  expect(await failure(lateSubscription(never()).ready)).toBe(missing);
});

describe('a stream that is there later', () => {
  test('is written, closed and aborted in that order, and closed once', async () => {
    const calls: string[] = [];
    const end = { content: 'end' } as Message;
    const stream = {
      ...(noting(calls, ['write', 'abort']) as MessageStream),
      close: () => {
        calls.push('close');
        return Promise.resolve(end);
      },
    };
    const late = lateStream('id', createAbort(), Promise.resolve(stream));
    late.write('x');
    const closing = late.close();
    late.abort();
    expect(late.close()).toBe(closing);
    expect(await closing).toBe(end);
    expect(calls).toEqual(['write', 'close', 'abort']);
  });

  test('aborts if it never is there', async () => {
    const abort = createAbort();
    const late = lateStream('id', abort, never());
    expect(await failure(late.close())).toBe(missing);
    expect(abort.signal).toMatchObject({ aborted: true, reason: missing });
  });
});

describe('a list that is there later', () => {
  test('is empty before, and tells when it is there, unless one stopped listening', async () => {
    const there = new Watched<readonly number[]>([1]);
    const store = lateStore(Promise.resolve(there));
    const told: (readonly number[])[] = [];
    const stop = store.subscribe(() => void told.push(store.getSnapshot()));
    store.subscribe(() => expect.unreachable())();
    expect([store.getSnapshot(), store.getServerSnapshot()]).toEqual([[], []]);
    await quiet();
    const stopLater = store.subscribe(() => void told.push(store.getSnapshot()));
    stopLater();
    there.set([1, 2]);
    stop();
    stop();
    there.set([]);
    expect(told).toEqual([[1], [1, 2]]);
  });

  test('can be read on and closed before', async () => {
    const calls: string[] = [];
    const there = {
      ...(noting(calls, ['close']) as LiveView),
      loadOlder: (count = 50) => Promise.resolve(count === 7),
    };
    const view = lateView(Promise.resolve(there));
    view[Symbol.dispose]();
    expect(await view.loadOlder(7)).toBe(true);
    expect(calls).toEqual(['close']);
  });
});
