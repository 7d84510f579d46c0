// What was sent and is not stored: what an operator, or a person with a bad disk, sees and does about it.
import { MessageBusCore } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { HostedBus } from '../../src/core/bus.ts';
import { busError } from '../../src/core/errors.ts';
import { failure, HeldHost, inner, numbers, quiet, sendBlock, testPlatform, until } from './support.ts';

const full = busError('STORAGE_FULL', 'Full.', { retryable: true });

function rig(encoded = false): { readonly host: HeldHost; readonly bus: HostedBus } {
  const host = new HeldHost();
  host.encoded = encoded;
  return { host, bus: new HostedBus(host, { platform: testPlatform() }) };
}

/** Lets all that was pushed fail. */
async function refuse(host: HeldHost, error: unknown = full): Promise<void> {
  await quiet();
  for (const { fail } of host.pushed.splice(0)) fail(error);
  await quiet();
}

const brief = (bus: HostedBus): unknown[] =>
  bus.admin
    .outbox()
    .getSnapshot()
    .map(({ content, state }) => [content, state]);

describe('the outbox', () => {
  test.each([false, true])(
    'shows what is on its way and what failed, in the order of sending (encoded: %s)',
    async (e) => {
      const { host, bus } = rig(e);
      const store = bus.admin.outbox();
      expect(bus.admin.outbox()).toBe(store);
      expect(store.getSnapshot()).toEqual([]);
      let changes = 0;
      const stop = store.subscribe(() => (changes += 1));
      await until(() => changes === 1);
      const failing = failure(bus.send({ channelId: 'a', content: 1, priority: 'high' }));
      await refuse(host);
      const [first] = store.getSnapshot();
      expect(first).toMatchObject({ content: 1, priority: 'high', state: 'failed', error: full, offset: 0 });
      const sending = sendBlock(bus as never, 'b', [2, 3]);
      await quiet();
      expect(brief(bus)).toEqual([
        [1, 'failed'],
        [2, 'queued'],
        [3, 'queued'],
      ]);
      expect(store.getSnapshot()[0]).toBe(first);
      for (const { settle } of host.pushed.splice(0)) settle();
      await sending;
      await quiet();
      expect(store.getSnapshot()).toEqual([first]);
      expect(await failing).toBe(full);
      expect(changes).toBe(5);
      stop();
    },
  );

  test('can be looked at without being watched, and is the same object while it is the same', async () => {
    const { host, bus } = rig();
    const store = bus.admin.outbox();
    let told = false;
    const stop = store.subscribe(() => (told = true));
    await until(() => told);
    stop();
    stop();
    failure(bus.send({ channelId: 'a', content: 1 })).catch(() => undefined);
    const snapshot = store.getSnapshot();
    expect(snapshot).toHaveLength(1);
    expect(store.getSnapshot()).toBe(snapshot);
    const both = [store.subscribe(() => undefined), store.subscribe(() => undefined)];
    await refuse(host);
    both[0]?.();
    expect(brief(bus)).toEqual([[1, 'failed']]);
    both[1]?.();
    expect(store.getServerSnapshot()).toEqual([]);
  });

  test('knows nothing of what needs no second try, of what is not stored, and of the bus’s own', async () => {
    const { host, bus } = rig();
    const failing = [
      bus.send({ channelId: 'a', content: undefined }),
      bus.send({ channelId: 'a', content: 1, type: 'busline.own' }, inner),
      bus.send({ channelId: 'a', content: 'typing' }, { ephemeral: true }),
    ].map((sending) => sending.catch(() => undefined));
    await refuse(host);
    const closed = failure(bus.send({ channelId: 'a', content: 1 }));
    await refuse(host, busError('CLOSED', 'Closed.'));
    await Promise.all([...failing, closed]);
    bus.admin.outbox().subscribe(() => undefined);
    await quiet();
    expect(brief(bus)).toEqual([]);
  });

  test('keeps a thousand failures, the newest', async () => {
    const { host, bus } = rig();
    const failing = numbers(1, 1010).map((content) => failure(bus.send({ channelId: 'a', content })));
    await refuse(host);
    await Promise.all(failing);
    bus.admin.outbox().getSnapshot();
    await until(() => bus.admin.outbox().getSnapshot().length === 1000);
    expect(brief(bus).at(0)).toEqual([11, 'failed']);
  });
});

describe('a message that failed', () => {
  test('is sent again under its id, as it was', async () => {
    const { host, bus } = rig();
    const input = { channelId: 'a', content: 1, topic: 't', ttl: 5000, authorId: 'x', authorName: 'X', hops: 2 };
    const sending = bus.send(input, { ack: 'flushed' });
    const failing = failure(sending);
    await refuse(host);
    await failing;
    const retrying = bus.admin.retry(sending.id);
    await until(() => host.pushed.length === 1);
    expect(host.pushed[0]).toMatchObject({
      ack: 'flushed',
      block: { header: { keys: [sending.id], authorId: 'x', authorName: 'X' }, items: [{ topic: 't', hops: 2 }] },
    });
    host.pushed[0]?.settle();
    await retrying;
    expect(brief(bus)).toEqual([]);
    expect(await failure(bus.admin.retry(sending.id))).toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('is none any more when it is stored by other means, or given up', async () => {
    const { host, bus } = rig();
    const failing = ['one', 'two'].map((id) => failure(bus.send({ channelId: 'a', content: id, id })));
    await refuse(host);
    await Promise.all(failing);
    const again = bus.send({ channelId: 'a', content: 'one', id: 'one' });
    await until(() => host.pushed.length === 1);
    host.pushed[0]?.settle();
    await again;
    await bus.admin.discard('two');
    bus.admin.outbox().subscribe(() => undefined);
    await quiet();
    expect(brief(bus)).toEqual([]);
  });

  test('cannot be discarded if it is neither here nor a dead letter', async () => {
    const bus = new MessageBusCore();
    expect(await failure(bus.admin.discard('nothing'))).toMatchObject({ code: 'INVALID_INPUT' });
    bus.consume('a', { group: 'g', maxAttempts: 1 }, () => Promise.reject(new Error('no')));
    const dead = new Promise((resolve) => bus.on('deadLetter', resolve));
    const { id } = await bus.send({ channelId: 'a', content: 1 });
    await dead;
    await bus.admin.discard(id);
    expect(await bus.admin.deadLetters()).toEqual([]);
  });
});
