// Questions and their answers: one answer, or one reason why there is none.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Attempt, Message } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { busError } from '../../src/core/errors.ts';
import type { Inside } from '../../src/core/inside.ts';
import type { Consumer } from '../../src/core/message-bus.ts';
import { respond } from '../../src/core/respond.ts';
import { Succession } from '../protocol/support.ts';
import { contents, failure, heard, quiet, testPlatform, until } from './support.ts';

/** Waits until its members answer. */
async function there(bus: Pick<MessageBusCore, 'admin'>, channelId = 'a'): Promise<void> {
  for (;;) {
    const groups = await bus.admin.groups(channelId);
    if (groups.some(({ members }) => members > 0)) return;
    await quiet();
  }
}

describe('a request', () => {
  test('resolves with what the responder returned', async () => {
    const platform = testPlatform();
    const bus = new MessageBusCore({ platform, author: 'me' });
    const asked: Message[] = [];
    bus.respond('a', (message) => {
      asked.push(message);
      return { answer: 42 };
    });
    bus.respond('b', () => undefined);
    const answer = await bus.request<{ answer: number }>({ channelId: 'a', content: 'how many?', topic: 'count' });
    expect(answer).toMatchObject({ type: 'response', content: { answer: 42 }, inReplyTo: asked[0]?.id, hops: 1 });
    expect(asked).toMatchObject([{ type: 'request', content: 'how many?', topic: 'count', ttl: 30_000 }]);
    expect(answer.correlationId).toBe(asked[0]?.correlationId);
    expect(await bus.request({ channelId: 'b', content: null, correlationId: 'mine' })).toMatchObject({
      content: null,
      correlationId: 'mine',
    });
    await quiet();
    expect(bus.getSubscriberCount('a')).toBe(0);
    expect(platform.timers.size).toBe(0);
    await bus.close();
  });

  test('is answered once, however many responders there are', async () => {
    const log = new MemoryLog();
    const buses = [new MessageBusCore({ log }), new MessageBusCore({ log })] as const;
    let answered = 0;
    for (const bus of buses) bus.respond('a', () => ++answered);
    for (const bus of buses) await there(bus);
    const all = heard(buses[0], 'a', { filter: { types: ['response'] } });
    expect((await buses[1].request({ channelId: 'a', content: '?' })).type).toBe('response');
    await quiet();
    expect(all).toHaveLength(answered);
  });

  test('asked again under its id finds the answer that it had', async () => {
    const bus = new MessageBusCore();
    let answered = 0;
    const responder = bus.respond('a', () => ++answered);
    const first = await bus.request({ channelId: 'a', content: '?', id: 'q' });
    await responder.close();
    expect(await bus.request({ channelId: 'a', content: '?', id: 'q' })).toEqual(first);
    expect(answered).toBe(1);
  });

  test('rejects with what the responder threw, which the responder hears, too', async () => {
    const bus = new MessageBusCore();
    const errors: unknown[] = [];
    bus.on('handlerError', ({ error }) => errors.push(error));
    bus.respond('a', () => {
      throw new Error('no idea');
    });
    bus.respond('b', () => Promise.resolve(() => 'not encodable'));
    const error = await failure(bus.request({ channelId: 'a', content: '?' }));
    expect(error).toMatchObject({ code: 'RESPONDER_FAILED' });
    expect(error['message']).toMatch(/no idea/);
    expect(await failure(bus.request({ channelId: 'b', content: '?' }))).toMatchObject({ code: 'RESPONDER_FAILED' });
    expect(errors).toHaveLength(2);
    expect(contents(await bus.history('a'))).toEqual(['?']);
  });

  test('says whether nobody was there, or nobody answered in time', async () => {
    const platform = testPlatform();
    const bus = new MessageBusCore({ platform });
    await bus.admin.groups();
    const nobody = failure(bus.request({ channelId: 'a', content: '?' }, { timeout: 1000 }));
    await until(() => bus.getSubscriberCount('a') === 1);
    platform.advance(999);
    platform.advance(1);
    expect(await nobody).toMatchObject({ code: 'NO_RESPONDER', accepted: 'unknown' });
    bus.respond('a', () => new Promise(() => undefined));
    await there(bus);
    const slow = failure(bus.request({ channelId: 'a', content: '?' }));
    await until(() => bus.getSubscriberCount('a') === 1);
    platform.advance(30_000);
    expect(await slow).toMatchObject({ code: 'TIMEOUT', retryable: true });
    expect(bus.getSubscriberCount('a')).toBe(0);
  });

  test('does not wait for ever to find out why nobody answered', async () => {
    const platform = testPlatform();
    const bus = new MessageBusCore({ platform });
    const answers = [() => new Promise<never>(() => undefined), () => Promise.reject(new Error('none'))];
    for (const groups of answers) {
      bus.admin.groups = groups;
      const asking = failure(bus.request({ channelId: 'a', content: '?' }));
      await until(() => bus.getSubscriberCount('a') === 1);
      platform.advance(30_000);
      await quiet();
      platform.advance(1000);
      expect(await asking).toMatchObject({ code: 'TIMEOUT' });
      expect(platform.timers.size).toBe(0);
    }
  });

  test('stops waiting when its signal aborts, or the bus is closed', async () => {
    const bus = new MessageBusCore();
    const abort = new AbortController();
    const asking = failure(bus.request({ channelId: 'a', content: '?' }, { signal: abort.signal }));
    await until(() => bus.getSubscriberCount('a') === 1);
    abort.abort('enough');
    expect(await asking).toMatchObject({ code: 'ABORTED', cause: 'enough' });
    expect(bus.getSubscriberCount('a')).toBe(0);
    const early = bus.request({ channelId: 'a', content: '?' }, { signal: AbortSignal.abort() });
    expect(await failure(early)).toMatchObject({ code: 'ABORTED' });
    const last = failure(bus.request({ channelId: 'a', content: '?' }));
    await until(() => bus.getSubscriberCount('a') === 1);
    await bus.close();
    expect(await last).toMatchObject({ code: 'CLOSED' });
    expect(await failure(bus.request({ channelId: 'a', content: '?' }))).toMatchObject({ code: 'CLOSED' });
  });

  test('is refused with what is wrong with it', async () => {
    const bus = new MessageBusCore();
    const typed = await failure(bus.request({ channelId: 'a', content: '?', type: 'question' }));
    expect(typed).toMatchObject({ code: 'INVALID_INPUT' });
    expect(typed['message']).toMatch(/topic/);
    const ask = (timeout: number): Promise<unknown> => failure(bus.request({ channelId: 'a', content: 1 }, { timeout }));
    for (const timeout of [0, Number.NaN]) expect(await ask(timeout)).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await failure(bus.request({ channelId: '', content: 1 }))).toMatchObject({ code: 'INVALID_CHANNEL' });
    expect(await failure(() => bus.respond('', () => 1))).toMatchObject({ code: 'INVALID_CHANNEL' });
    expect(await failure(() => bus.respond('a', undefined as never))).toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('is answered through a change of host', async () => {
    const succession = new Succession();
    const [asking, answering] = [succession.bus('asking'), succession.bus('answering')];
    answering.respond('a', async () => {
      succession.host.die();
      await quiet();
      return 'all the same';
    });
    await there(answering as never);
    expect(await asking.request({ channelId: 'a', content: '?' })).toMatchObject({ content: 'all the same' });
    expect(succession.deaths).toBeGreaterThan(0);
  });
});

describe('a streamed answer', () => {
  test('comes bit by bit, and whole at the end', async () => {
    const bus = new MessageBusCore();
    const go: (() => void)[] = [];
    bus.respond('a', async function* ({ content }) {
      for (const part of ['so ', 'it ', 'is']) {
        yield part;
        await new Promise<void>((resolve) => go.push(resolve));
      }
      void content;
    });
    const parts: unknown[] = [];
    const asking = bus.request(
      { channelId: 'a', content: '?' },
      { onDelta: (delta, soFar) => parts.push([delta, soFar]) },
    );
    for (let at = 0; at < 3; at++) {
      await until(() => parts.length === at + 1 && go.length === at + 1);
      go[at]?.();
    }
    const answer = await asking;
    expect(answer).toMatchObject({ type: 'response', content: 'so it is', hops: 1 });
    expect(parts).toEqual([
      ['so ', 'so '],
      ['it ', 'so it '],
      ['is', 'so it is'],
    ]);
  });
});
