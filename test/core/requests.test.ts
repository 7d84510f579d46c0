// Questions and their answers: one answer, or one reason why there is none.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Attempt, Message } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { HostedBus } from '../../src/core/bus.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { contents, failure, heard, quiet, testPlatform, until } from './support.ts';

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
});
