// Questions and their answers: one answer, or one reason why there is none.
import { MessageBusCore } from 'busline/core';
import type { Admin, Message } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { HostedBus } from '../../src/core/bus.ts';
import type { RemoteHost } from '../../src/protocol/remote-host.ts';
import { Succession } from '../protocol/support.ts';
import { contents, failure, heard, HeldHost, quiet, testPlatform, until, readers } from './support.ts';

/** Waits until its members answer. */
async function there(bus: { readonly admin: Admin }, channelId = 'a'): Promise<void> {
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
    expect(await readers(bus)).toBe(0);
    expect(platform.timers.size).toBe(0);
    await bus.close();
  });

  test('is answered once, however many responders there are', async () => {
    const succession = new Succession();
    const buses = [succession.bus('one'), succession.bus('two')] as const;
    let answered = 0;
    for (const bus of buses) bus.respond('a', () => (answered += 1));
    await until(() => buses.every((bus) => bus.status.getSnapshot().host === 'shared-worker'));
    await there(buses[0]);
    const all = heard(buses[0] as never, 'a', { filter: { types: ['response'] } });
    expect(await buses[1].request({ channelId: 'a', content: '?' })).toMatchObject({ content: 1 });
    await until(() => all.length === 1);
    await quiet();
    expect([answered, all.length]).toEqual([1, 1]);
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
    await until(async () => (await readers(bus)) === 1);
    platform.advance(999);
    platform.advance(1);
    expect(await nobody).toMatchObject({ code: 'NO_RESPONDER', accepted: 'unknown' });
    bus.respond('a', () => new Promise(() => undefined));
    await there(bus);
    const slow = failure(bus.request({ channelId: 'a', content: '?' }));
    await until(async () => (await readers(bus)) === 1);
    platform.advance(30_000);
    expect(await slow).toMatchObject({ code: 'TIMEOUT', retryable: true });
    expect(await readers(bus)).toBe(0);
  });

  test('does not wait for ever to find out why nobody answered', async () => {
    const platform = testPlatform();
    const bus = new MessageBusCore({ platform });
    const answers = [() => new Promise<never>(() => undefined), () => Promise.reject(new Error('none'))];
    for (const groups of answers) {
      bus.admin.groups = groups;
      const asking = failure(bus.request({ channelId: 'a', content: '?' }));
      await until(async () => (await readers(bus)) === 1);
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
    await until(async () => (await readers(bus)) === 1);
    abort.abort('enough');
    expect(await asking).toMatchObject({ code: 'ABORTED', cause: 'enough' });
    expect(await readers(bus)).toBe(0);
    const early = bus.request({ channelId: 'a', content: '?' }, { signal: AbortSignal.abort() });
    expect(await failure(early)).toMatchObject({ code: 'ABORTED' });
    const last = failure(bus.request({ channelId: 'a', content: '?' }));
    await until(async () => (await readers(bus)) === 1);
    await bus.close();
    expect(await last).toMatchObject({ code: 'CLOSED' });
    expect(await failure(bus.request({ channelId: 'a', content: '?' }))).toMatchObject({ code: 'CLOSED' });
  });

  test('that was given up before it was stored opens nothing', async () => {
    const host = new HeldHost();
    const abort = new AbortController();
    const asking = failure(new HostedBus(host).request({ channelId: 'a', content: '?' }, { signal: abort.signal }));
    await until(() => host.pushed.length === 1);
    abort.abort();
    expect(await asking).toMatchObject({ code: 'ABORTED', accepted: 'unknown' });
    host.pushed[0]?.settle();
    await quiet();
    expect(host.opened).toEqual([]);
  });

  test('is refused with what is wrong with it', async () => {
    const bus = new MessageBusCore();
    const typed = await failure(bus.request({ channelId: 'a', content: '?', type: 'question' }));
    expect(typed).toMatchObject({ code: 'INVALID_INPUT' });
    expect(typed['message']).toMatch(/topic/);
    const ask = (timeout: number): Promise<unknown> =>
      failure(bus.request({ channelId: 'a', content: 1 }, { timeout }));
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
    await there(answering);
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

  test('ends where a reader asked to stop, and its generator is let go', async () => {
    const bus = new MessageBusCore();
    let isLetGo = false;
    bus.respond('a', async function* () {
      try {
        for (let part = 1; ; part++) {
          yield part;
          await quiet();
        }
      } finally {
        isLetGo = true;
        // eslint-disable-next-line no-unsafe-finally
        throw new Error('Nobody hears this.');
      }
    });
    bus.streams('a', async (stream) => {
      for await (const part of stream) if (part !== '' && stream.text.length > 2) stream.stop();
    });
    const answer = await bus.request({ channelId: 'a', content: '?' });
    expect(answer.content).toMatch(/^123/);
    await until(() => isLetGo);
  });

  test('is given up when its generator throws, and who asked is told', async () => {
    const bus = new MessageBusCore();
    const deltas: string[] = [];
    bus.respond('a', async function* () {
      yield 'so far';
      await until(() => deltas.length > 0);
      throw new Error('no more');
    });
    const asking = bus.request({ channelId: 'a', content: '?' }, { onDelta: (delta) => deltas.push(delta) });
    expect(await failure(asking)).toMatchObject({ code: 'RESPONDER_FAILED' });
    const view = bus.live('a', { filter: { types: ['response'] } });
    view.subscribe(() => undefined);
    await until(() => view.getSnapshot().length === 1);
    expect(view.getSnapshot()).toMatchObject([{ state: 'aborted', content: 'so far' }]);
  });

  test('begins anew with another responder if the first one dies', async () => {
    const succession = new Succession();
    const asking = succession.bus('asking');
    const begin = (author: string, parts: readonly string[]): void => {
      succession.bus(author).respond('a', async function* (_message, { attempt }) {
        yield* parts;
        if (attempt === 1) await new Promise(() => undefined);
      });
    };
    begin('first', ['half']);
    await there(asking);
    const parts: string[] = [];
    const answer = asking.request({ channelId: 'a', content: '?' }, { onDelta: (_delta, soFar) => parts.push(soFar) });
    await until(() => parts.length === 1);
    begin('second', ['whole']);
    succession.kill(succession.clients[1] as RemoteHost);
    expect(await answer).toMatchObject({ content: 'whole', authorId: 'second' });
    expect(parts).toEqual(['half', 'whole']);
  });

  test('goes on with the same stream if the responder tries again', async () => {
    const platform = testPlatform();
    const bus = new MessageBusCore({ platform });
    const attempts: number[] = [];
    const parts: string[] = [];
    bus.respond('a', async function* (_message, { attempt, signal }) {
      attempts.push(attempt);
      yield `${attempt}`;
      if (attempt === 1) await new Promise<void>((resolve) => signal.addEventListener('abort', resolve));
    });
    const answer = bus.request(
      { channelId: 'a', content: '?' },
      { timeout: 300_000, onDelta: (_delta, soFar) => parts.push(soFar) },
    );
    await until(() => parts.length === 1);
    platform.advance(120_000);
    for (let turn = 0; turn < 5; turn++) {
      await quiet();
      platform.advance(1000);
    }
    expect(await answer).toMatchObject({ content: '2' });
    expect([attempts, parts]).toEqual([
      [1, 2],
      ['1', '2'],
    ]);
  });

  test('may take longer than a lease, as long as it moves', async () => {
    const platform = testPlatform();
    const bus = new MessageBusCore({ platform });
    const attempts: number[] = [];
    const parts: string[] = [];
    let go: () => void = () => undefined;
    bus.respond('a', async function* (_message, { attempt }) {
      attempts.push(attempt);
      for (const part of ['1', '2', '3', '4']) {
        await new Promise<void>((resolve) => (go = resolve));
        yield part;
      }
    });
    const answer = bus.request(
      { channelId: 'a', content: '?' },
      { timeout: 300_000, onDelta: (delta) => parts.push(delta) },
    );
    for (let part = 1; part <= 4; part++) {
      await until(() => attempts.length === 1);
      await quiet();
      platform.advance(50_000);
      go();
      await until(() => parts.length === part);
    }
    expect(await answer).toMatchObject({ content: '1234' });
    expect(attempts).toEqual([1]);
  });

  test('is one of several: the others, and what else is said, are not told to who asked', async () => {
    const bus = new MessageBusCore();
    const parts: string[] = [];
    const errors: unknown[] = [];
    bus.on('handlerError', ({ error }) => errors.push(error));
    const onDelta = (delta: string): void => {
      parts.push(delta);
      throw new Error('mine');
    };
    const asking = bus.request({ channelId: 'a', content: '?', id: 'q' }, { onDelta });
    await until(async () => (await readers(bus)) === 1);
    const streams = ['q', 'q', 'another'].map((inReplyTo) =>
      bus.stream({ channelId: 'a', type: 'response', inReplyTo }),
    );
    streams[0]?.write('one');
    await until(() => parts.length === 1);
    for (const stream of streams.slice(1)) stream.write('other');
    await bus.send({ channelId: 'a', content: 'by the way', inReplyTo: 'q' });
    await streams[2]?.close();
    await quiet();
    await streams[0]?.close('one and only');
    expect(await asking).toMatchObject({ content: 'one and only' });
    expect(parts).toEqual(['one', ' and only']);
    expect(errors).toEqual([new Error('mine'), new Error('mine')]);
    streams[1]?.abort();
  });
});
