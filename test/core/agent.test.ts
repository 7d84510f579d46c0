// An agent: an adapter that answers, once, in its own name, and not for ever.
import { agent, MemoryLog, MessageBusCore } from 'busline/core';
import type { AgentAttempt, AgentOptions, Message, MessageBus, MessageStream } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { workplace } from './group-support.ts';
import { contents, numbers, quiet, sendBlock, testPlatform, until } from './support.ts';

type Answer = AgentOptions['onMessage'];

const made = (name: string, onMessage: Answer, more: Partial<AgentOptions> = {}) =>
  agent({ name, channels: ['chat'], onMessage, ...more });

async function said(bus: MessageBus, content: unknown): Promise<readonly Message[]> {
  await bus.send({ channelId: 'chat', content });
  await quiet();
  return bus.history('chat');
}

describe('an agent', () => {
  test('answers each message once, however many tabs run it', async () => {
    const log = new MemoryLog();
    const buses = numbers(1, 3).map((n) => new MessageBusCore({ log, author: `tab ${n}` }));
    for (const bus of buses)
      bus.use(made('echo', ({ content, id }, { reply }) => reply(`${String(content)}!`, { metadata: { id } })));
    await sendBlock(buses[1] as MessageBus, 'chat', ['a', 'b', 'c']);
    await quiet();
    await quiet();
    const answers = (await (buses[0] as MessageBus).history('chat')).filter(({ authorId }) => authorId === 'echo');
    expect(contents(answers)).toEqual(['a!', 'b!', 'c!']);
    expect(answers[0]).toMatchObject({ hops: 1, inReplyTo: expect.any(String) });
  });

  test('says what it says in its own name, however it says it', async () => {
    const { bus } = workplace({ author: { id: 'ann', name: 'Ann' } });
    const channels: unknown[] = [];
    bus.use(
      made(
        'bot',
        async ({ content }, { reply, bus: own }) => {
          if (content !== 'hello') return;
          await reply('reply');
          await own.send({ channelId: 'chat', content: 'send' });
          await own.channel('chat').send('channel');
          await own.send({ channelId: 'chat', content: 'as another', authorId: 'guest' });
          await own.stream({ channelId: 'chat' }).close('stream');
          const stop = own.subscribe('chat', () => undefined);
          channels.push(own.getSubscriberCount('chat'), typeof own.status.getSnapshot().host);
          stop();
          void own.request({ channelId: 'chat', content: 'request' }).catch(() => undefined);
        },
        { id: 'robot' },
      ),
    );
    await said(bus, 'hello');
    await expect.poll(async () => contents(await bus.history('chat'))).toContain('request');
    const all = await bus.history('chat');
    expect(all.find(({ content }) => content === 'as another')?.authorId).toBe('guest');
    const others = all.filter(({ content }) => content !== 'hello' && content !== 'as another');
    expect(others.map(({ authorId }) => authorId)).toEqual(others.map(() => 'robot'));
    expect(contents(others)).toEqual(expect.arrayContaining(['reply', 'send', 'channel', 'stream', 'request']));
    expect(channels).toEqual([1, 'string']);
  });

  test('is not answered by itself', async () => {
    const { bus } = workplace();
    let calls = 0;
    bus.use(made('echo', (_message, { reply }) => (calls++, reply('again'))));
    expect(contents(await said(bus, 'hello'))).toEqual(['hello', 'again']);
    expect(calls).toBe(1);
  });

  test.each([
    [undefined, 8],
    [3, 3],
  ])('with a limit of %s hops stops answering others after %i answers in a row', async (maxHops, count) => {
    const { bus } = workplace();
    const more = maxHops === undefined ? {} : { maxHops };
    for (const name of ['ping', 'pong']) bus.use(made(name, (_message, { reply }) => reply(name), more));
    await bus.send({ channelId: 'chat', content: 'go', authorId: 'ping' });
    await expect.poll(async () => (await bus.history('chat')).length).toBe(1 + count);
    await quiet();
    const history = await bus.history('chat');
    expect(history).toHaveLength(1 + count);
    expect(history.at(-1)).toMatchObject({ hops: count, content: count % 2 === 0 ? 'ping' : 'pong' });
  });

  test('hears only its channels, and is named once', async () => {
    const { bus } = workplace();
    const heard: unknown[] = [];
    bus.use(made('bot', ({ content }) => void heard.push(content), { channels: ['agent-*', 'chat'] }));
    await sendBlock(bus, 'agent-bot', [1]);
    await sendBlock(bus, 'chat', [2]);
    await sendBlock(bus, 'other', [3]);
    await quiet();
    expect(new Set(heard)).toEqual(new Set([1, 2]));
    expect(bus.getAdapters()).toEqual(['bot']);
  });
});

describe('an attempt of an agent', () => {
  test('is that of its group: its number, its place, its signal, more time', async () => {
    const { bus, after } = workplace();
    const attempts: AgentAttempt[] = [];
    bus.use(
      made('bot', async (_message, attempt) => {
        attempts.push(attempt);
        await attempt.extend(200_000);
        if (attempt.attempt === 1) throw new Error('again');
        await new Promise(() => undefined);
      }),
    );
    await said(bus, 'hello');
    await after(100);
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(attempts[1]?.position).toEqual({ logId: expect.any(String), offset: 1 });
    await after(199_999);
    expect(attempts[1]?.signal.aborted).toBe(false);
    await after(1);
    expect(attempts[1]?.signal.aborted).toBe(true);
  });

  test('that ran twice has answered once, by reply and by stream', async () => {
    const { bus, after } = workplace();
    const ids: string[][] = [];
    bus.use(
      made('bot', async ({ content }, { stream, reply, attempt }) => {
        const [first, second] = [stream(), stream({ metadata: { n: 2 } })];
        ids.push([first.id, second.id]);
        await reply('short');
        await first.close(`long ${String(content)}`);
        await second.close('more');
        if (attempt === 1) throw new Error('only now');
      }),
    );
    const question = await bus.send({ channelId: 'chat', content: 'why', correlationId: 'talk' });
    await expect.poll(() => ids.length).toBe(1);
    await quiet();
    await after(100);
    await expect.poll(() => ids.length).toBe(2);
    await quiet();
    expect(ids[0]).toEqual(ids[1]);
    expect(new Set(ids[0]).size).toBe(2);
    const answers = (await bus.history('chat')).slice(1);
    expect(contents(answers)).toEqual(expect.arrayContaining(['short', 'long why', 'more']));
    expect(answers).toHaveLength(3);
    for (const answer of answers)
      expect(answer).toMatchObject({ inReplyTo: question.id, correlationId: 'talk', hops: 1, authorId: 'bot' });
  });
});

test('an agent whose answer goes on growing keeps its message, however long it takes', async () => {
  const platform = testPlatform();
  const bus = new MessageBusCore({ platform });
  const attempts: number[] = [];
  let stream: MessageStream | undefined;
  const onMessage = (_message: Message, attempt: AgentAttempt): Promise<void> => {
    attempts.push(attempt.attempt);
    stream ??= attempt.stream();
    return new Promise(() => undefined);
  };
  bus.use(agent({ name: 'slow', channels: ['a'], onMessage }));
  await quiet();
  await bus.send({ channelId: 'a', content: '?' });
  await until(() => stream !== undefined);
  for (let minute = 0; minute < 5; minute++) {
    stream?.write('more ');
    stream?.write('and more');
    await quiet();
    platform.advance(60_000);
    await quiet();
  }
  expect(attempts).toEqual([1]);
  // It stands still: somebody else has his turn.
  platform.advance(60_000);
  await quiet();
  platform.advance(1000);
  await until(() => attempts.length > 1);
  expect(attempts).toEqual([1, 2]);
});
