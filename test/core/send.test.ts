// What `send` takes, refuses and answers.
import { isBusError, MemoryLog, MessageBusCore } from 'busline/core';
import type { Message, MessageInput } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { HostedBus } from '../../src/core/bus.ts';
import { busError } from '../../src/core/errors.ts';
import { blockOf } from '../../src/testing/sender.ts';
import { MessageDelivery } from '../../src/core/delivery.ts';
import { contents, encodedLog, epoch, failure, heard, HeldHost, quiet, testPlatform, wrapped } from './support.ts';

const bad = (input: unknown): MessageInput => input as MessageInput;

describe('a message that was sent', () => {
  test('has the fields it was given, and defaults for the others', async () => {
    const bus = new MessageBusCore({ platform: testPlatform(), author: { id: 'ann', name: 'Ann' } });
    const message = await bus.send({ channelId: 'a', content: { text: 'hello' } });
    expect(message).toEqual({
      version: 1,
      id: message.id,
      channelId: 'a',
      serverId: 'local',
      authorId: 'ann',
      authorName: 'Ann',
      type: 'text',
      content: { text: 'hello' },
      timestamp: epoch,
      offset: 1,
    });
  });

  test.each(['in this process', 'encoded'])('keeps every field that a message can have (%s)', async (how) => {
    const platform = testPlatform();
    const bus = new MessageBusCore({
      platform,
      log: how === 'encoded' ? encodedLog(platform) : new MemoryLog(platform),
    });
    const given = {
      channelId: 'a',
      content: [1, 'two', { three: null }],
      authorId: 'bob',
      authorName: '',
      serverId: 'hub-1',
      type: 'note',
      timestamp: 12,
      topic: 't',
      to: 'carol',
      inReplyTo: 'm',
      correlationId: 'c',
      sessionId: 's',
      source: 'web',
      attachments: [{ id: '1', name: 'x', mediaType: 'text/plain', bytes: new Uint8Array([1, 2]) }],
      priority: 'high',
      ttl: 5000,
      hops: 2,
      traceparent: '00-1',
      metadata: { k: [true] },
    } as const;
    const got = heard(bus, 'a');
    const sent = await bus.send(given);
    expect(sent).toEqual({ ...given, version: 1, id: sent.id, offset: 1 });
    expect(got).toEqual([sent]);
    expect(await bus.history('a')).toEqual([sent]);
  });

  test('is by "anonymous" unless somebody is named, and only the bus’s own author lends its name', async () => {
    const nobody = await new MessageBusCore().send({ channelId: 'a', content: 1 });
    expect(nobody.authorId).toBe('anonymous');
    const bus = new MessageBusCore({ author: { id: 'ann', name: 'Ann' } });
    expect(await bus.send({ channelId: 'a', content: 1, authorId: 'bob' })).not.toHaveProperty('authorName');
    expect((await new MessageBusCore({ author: 'ann' }).send({ channelId: 'a', content: 1 })).authorId).toBe('ann');
  });

  test('leaves out what was undefined', async () => {
    const bus = new MessageBusCore();
    const input = { channelId: 'a', content: 1, topic: undefined, authorName: undefined };
    expect(Object.keys(await bus.send(input as unknown as MessageInput))).not.toContain('topic');
  });

  test('tells its id at once, and keeps it', async () => {
    const bus = new MessageBusCore();
    const sending = bus.send({ channelId: 'a', content: 1 });
    const keyed = bus.send({ channelId: 'a', content: 1, id: 'mine' });
    expect([(await sending).id, (await keyed).id]).toEqual([sending.id, 'mine']);
    expect(keyed.id).toBe('mine');
  });

  test('was delivered to the sender’s own subscribers before its promise resolves', async () => {
    const bus = new MessageBusCore();
    const order: string[] = [];
    await bus.subscribe('a', () => void order.push('delivered')).ready;
    await bus.send({ channelId: 'a', content: 1 }).then(() => order.push('sent'));
    expect(order).toEqual(['delivered', 'sent']);
  });

  test('asks the log for a forced write when it is to be flushed', async () => {
    const log = new MemoryLog();
    const flushed: unknown[] = [];
    const append: MemoryLog['append'] = (entries) => {
      flushed.push(...entries.map(({ flush }) => flush));
      return log.append(entries);
    };
    const bus = new MessageBusCore({ log: wrapped(log, { append }) });
    await bus.send({ channelId: 'a', content: 1 });
    await bus.send({ channelId: 'a', content: 1 }, { ack: 'flushed' });
    expect(flushed).toEqual([false, true]);
  });
});

describe('an id given by the sender', () => {
  test.each(['in this process', 'encoded'])('is a key: what comes second is the first message (%s)', async (how) => {
    const bus = new MessageBusCore({ log: how === 'encoded' ? encodedLog() : new MemoryLog() });
    await bus.send({ channelId: 'a', content: 'before' });
    const first = await bus.send({ channelId: 'a', content: 'first', id: 'telegram:1' });
    expect(await bus.send({ channelId: 'a', content: 'second', id: 'telegram:1' })).toEqual(first);
    expect(contents(await bus.history('a'))).toEqual(['before', 'first']);
    expect((await bus.send({ channelId: 'b', content: 'other', id: 'telegram:1' })).content).toBe('other');
  });

  test('is answered with an error if its message cannot be read', async () => {
    const log = encodedLog();
    const { header } = blockOf('a', ['x'], 'key');
    await log.append([{ block: { header, json: 'no JSON' } }]);
    const error = await failure(new MessageBusCore({ log }).send({ channelId: 'a', content: 1, id: 'key' }));
    expect(error).toMatchObject({ code: 'MALFORMED_BLOCK' });
  });

  test('is sent again if all that was stored was cleared meanwhile', async () => {
    const host = new HeldHost();
    const sending = new HostedBus(host).send({ channelId: 'a', content: 1, id: 'key' });
    await quiet();
    host.pushed[0]?.settle({ known: true, offset: 7, logId: 'the one before' });
    await quiet();
    host.pushed[1]?.settle({ offset: 1 });
    expect(await sending).toMatchObject({ id: 'key', content: 1, offset: 1 });
    expect(host.pushed.length).toBe(2);
  });

  test('is answered with an error if its message was dropped meanwhile', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host);
    const sending = bus.send({ channelId: 'a', content: 1, id: 'key' });
    await quiet();
    host.pushed[0]?.settle({ known: true, offset: 7 });
    const error = await failure(sending);
    expect(error).toMatchObject({ code: 'INVALID_INPUT', accepted: true });
    expect(error['message']).toMatch(
      /^send: the message with this id was stored before, and dropped by retention since\./,
    );
  });
});

describe('send refuses, naming what is wrong,', () => {
  test.each<[string, unknown, string]>([
    ['no input', undefined, 'send: give an object with "channelId" and "content".'],
    ['null', null, 'send: give an object with "channelId" and "content".'],
    ['a text', 'hello', 'send: give an object with "channelId" and "content".'],
    ['no content', { channelId: 'a' }, 'send: "content" is missing.'],
    ['an unknown field', { channelId: 'a', content: 1, colour: 'red' }, 'send: "colour" is not a field of a message;'],
    [
      'a topic that is a number',
      { channelId: 'a', content: 1, topic: 5 },
      'send: "topic" must be a string, not number.',
    ],
    ['an empty author', { channelId: 'a', content: 1, authorId: '' }, 'send: "authorId" must not be empty.'],
    ['an empty id', { channelId: 'a', content: 1, id: '' }, 'send: "id" must not be empty.'],
    [
      'a type of the bus’s own',
      { channelId: 'a', content: 1, type: 'busline.stream' },
      'send: "type" is "busline.stream", and types that begin with "busline."',
    ],
    ['a null type', { channelId: 'a', content: 1, type: null }, 'send: "type" must be a string, not object.'],
    [
      'an endless text',
      { channelId: 'a', content: 1, to: 'x'.repeat(5000) },
      'send: "to" is longer than 4096 characters.',
    ],
    [
      'a date as timestamp',
      { channelId: 'a', content: 1, timestamp: new Date() },
      'send: "timestamp" must be a number,',
    ],
    ['negative hops', { channelId: 'a', content: 1, hops: -1 }, 'send: "hops" must be a number, zero or more.'],
    ['a ttl without end', { channelId: 'a', content: 1, ttl: Infinity }, 'send: "ttl" must be a number, zero or more.'],
    [
      'an unknown priority',
      { channelId: 'a', content: 1, priority: 'urgent' },
      'send: "priority" must be low, normal,',
    ],
    ['metadata in a list', { channelId: 'a', content: 1, metadata: [] }, 'send: "metadata" must be an object.'],
    ['one attachment alone', { channelId: 'a', content: 1, attachments: {} }, 'send: "attachments" must be an array.'],
  ])('%s', async (_, input, says) => {
    const error = await failure(new MessageBusCore().send(bad(input)));
    expect(error).toMatchObject({ code: 'INVALID_INPUT', retryable: false, accepted: false });
    expect(String(error['message']).startsWith(says)).toBe(true);
    expect(error['message']).toContain('[INVALID_INPUT] Correct the argument that the message names.');
  });

  test.each<[string, unknown, string]>([
    ['no channel', undefined, 'The channel name must be a string, not undefined.'],
    ['an empty channel', '', 'The channel name is empty.'],
    ['a pattern', 'a*', 'The channel name "a*" holds "*".'],
    ['a long name', 'ä'.repeat(129), `The channel name "${'ä'.repeat(40)}…" is over 256 bytes.`],
  ])('%s', async (_, channelId, says) => {
    const error = await failure(new MessageBusCore().send(bad({ channelId, content: 1 })));
    expect(error['code']).toBe('INVALID_CHANNEL');
    expect(String(error['message']).startsWith(says)).toBe(true);
  });

  test('and still says the id of what it refused', async () => {
    const bus = new MessageBusCore();
    const sendings = [bus.send(bad({ channelId: '', content: 1, id: 'mine' })), bus.send(bad(undefined))] as const;
    for (const sending of sendings) sending.catch(() => undefined);
    expect(sendings[0].id).toBe('mine');
    expect(sendings[1].id).toMatch(/^[0-9a-f-]{36}$/);
    await Promise.allSettled(sendings);
  });

  test('"synced", where there is no server', async () => {
    const error = await failure(new MessageBusCore().send({ channelId: 'a', content: 1 }, { ack: 'synced' }));
    expect(error['code']).toBe('NO_UPSTREAM');
    expect(error['message']).toMatch(/^send: "synced" was asked for\./);
  });

  test('a message that is too large for the wire, at the very byte', async () => {
    const bus = new MessageBusCore({ log: encodedLog() });
    const overhead = JSON.stringify({ content: '' }).length;
    const fitting = 'x'.repeat(960_000 - overhead);
    expect((await bus.send({ channelId: 'a', content: fitting })).content).toHaveLength(fitting.length);
    const error = await failure(bus.send({ channelId: 'a', content: `${fitting}x` }));
    expect(error['code']).toBe('MESSAGE_TOO_LARGE');
    expect(error['message']).toMatch(/^send: the message is 960001 bytes, the limit is 960000\./);
    const umlauts = await failure(bus.send({ channelId: 'a', content: 'ä'.repeat(480_000) }));
    expect(umlauts['code']).toBe('MESSAGE_TOO_LARGE');
    const binary = await failure(bus.send({ channelId: 'a', content: new Uint8Array(720_000) }));
    expect(binary['code']).toBe('MESSAGE_TOO_LARGE');
    expect(contents(await bus.history('a'))).toHaveLength(1);
  });
});

describe('when the log fails', () => {
  test('the sender hears that its message may have been stored', async () => {
    const cause = new Error('disk on fire');
    const log = wrapped(new MemoryLog(), { append: () => Promise.reject(cause) });
    const error = await failure(new MessageBusCore({ log }).send({ channelId: 'a', content: 1 }));
    expect(error).toMatchObject({ code: 'HOST_LOST', retryable: true, accepted: 'unknown', cause });
    expect(isBusError(error)).toBe(true);
  });

  test('the sender hears what the log refused, and by which code', async () => {
    const refusals = ['STORAGE_FULL', 'CONFLICT', 'GAP'] as const;
    for (const code of refusals) {
      const verdict = { kind: 'refused', code, why: 'It is so.' } as const;
      const log = wrapped(new MemoryLog(), { append: () => Promise.resolve([verdict]) });
      const error = await failure(new MessageBusCore({ log }).send({ channelId: 'a', content: 1 }));
      expect(error).toMatchObject({ code, retryable: code === 'STORAGE_FULL', accepted: false });
      expect(error['message']).toMatch(/^It is so\./);
    }
  });

  test('every message of the block is told, and later ones are not touched', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host);
    const first = [1, 2].map((content) => bus.send({ channelId: 'a', content }));
    await quiet();
    const second = bus.send({ channelId: 'a', content: 3 });
    await quiet();
    const failures = Promise.all(first.map((sending) => failure(sending)));
    host.pushed[0]?.fail(busError('STORAGE_FULL', 'Full.'));
    await quiet();
    host.pushed[1]?.settle();
    for (const error of await failures) expect(error).toMatchObject({ code: 'STORAGE_FULL' });
    expect((await second).content).toBe(3);
  });
});

describe('the signal given to send', () => {
  test('refuses at once when it was aborted before', async () => {
    const error = await failure(
      new MessageBusCore().send({ channelId: 'a', content: 1 }, { signal: AbortSignal.abort() }),
    );
    expect(error).toMatchObject({ code: 'ABORTED', accepted: false });
    expect(error['message']).toMatch(/^send: the signal was aborted before\./);
  });

  test('stops the waiting, not the message', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host);
    const abort = new AbortController();
    const sending = bus.send({ channelId: 'a', content: 1 }, { signal: abort.signal });
    abort.abort('bored');
    expect(await failure(sending)).toMatchObject({ code: 'ABORTED', accepted: 'unknown', cause: 'bored' });
    await quiet();
    expect(host.pushed).toHaveLength(1);
    expect(bus.status.getSnapshot().outbox).toBe(1);
    host.pushed[0]?.settle();
    await quiet();
    expect(bus.status.getSnapshot().outbox).toBe(0);
  });

  test('is let go of when the message is stored or refused', async () => {
    const listeners = new Set<unknown>();
    const signal = {
      aborted: false,
      addEventListener: (_: string, listener: () => void) => void listeners.add(listener),
      removeEventListener: (_: string, listener: () => void) => void listeners.delete(listener),
    };
    const host = new HeldHost();
    const bus = new HostedBus(host);
    const sendings = [1, 2].map((content) => bus.send({ channelId: `${content}`, content }, { signal }));
    await quiet();
    host.pushed[0]?.settle();
    await sendings[0];
    expect(listeners.size).toBe(1);
    host.pushed[1]?.fail(new Error('no'));
    await Promise.allSettled(sendings);
    expect(listeners.size).toBe(0);
  });
});

describe('a reply', () => {
  const answered = (bus: MessageBusCore, more = {}): Promise<Message> =>
    new Promise((resolve) => {
      bus.subscribe('a', (message, delivery) => {
        if (message.type === 'question') resolve(delivery.reply('answer', more));
      });
    });

  test('goes to the same channel and says what it answers', async () => {
    const bus = new MessageBusCore({ author: 'ann' });
    const answer = answered(bus, { topic: 't' });
    const question = await bus.send({
      channelId: 'a',
      content: '?',
      type: 'question',
      correlationId: 'c',
      authorId: 'x',
    });
    expect(await answer).toMatchObject({
      channelId: 'a',
      content: 'answer',
      authorId: 'ann',
      inReplyTo: question.id,
      correlationId: 'c',
      hops: 1,
      topic: 't',
      type: 'text',
    });
  });

  test('has none of the bus’s own types', async () => {
    const bus = new MessageBusCore();
    const replies = answered(bus, { type: 'busline.failure' });
    void bus.send({ channelId: 'a', content: '?', type: 'question' });
    expect(await failure(replies)).toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('counts the hops that led to it', async () => {
    const bus = new MessageBusCore();
    const answer = answered(bus);
    await bus.send({ channelId: 'a', content: '?', type: 'question', hops: 4 });
    expect((await answer).hops).toBe(5);
  });

  test('has an id that follows from what it answers: a handler that runs twice answers once', async () => {
    const bus = new MessageBusCore({ author: 'ann' });
    const { offset, ...rest } = await bus.send({ channelId: 'a', content: '?' });
    const [{ logId } = { logId: '' }] = await bus.admin.channels('a');
    const context = { send: bus.send.bind(bus), authorId: 'ann', signal: () => new AbortController().signal };
    const run = async (): Promise<readonly Message[]> => {
      const delivery = new MessageDelivery(context, { ...rest, offset }, logId);
      return [await delivery.reply('first'), await delivery.reply('second')];
    };
    const once = await run();
    expect(await run()).toEqual(once);
    expect(once.map(({ id }) => id)).toEqual([`re:ann::${logId}:${offset}:1`, `re:ann::${logId}:${offset}:2`]);
    expect(contents(await bus.history('a'))).toEqual(['?', 'first', 'second']);
  });

  test('to an ephemeral message is a message like any other', async () => {
    const bus = new MessageBusCore();
    const answers: Promise<Message>[] = [];
    bus.subscribe('a', (_, delivery) => void answers.push(delivery.reply('answer')), { ephemeral: 'only' });
    await quiet();
    for (const content of [1, 2]) await bus.send({ channelId: 'a', content }, { ephemeral: true });
    const ids = (await Promise.all(answers)).map(({ id }) => id);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-/);
    expect(new Set(ids).size).toBe(2);
  });

  test('by another author has another id', async () => {
    const bus = new MessageBusCore({ author: 'ann' });
    bus.subscribe('a', (message, delivery) => {
      if (message.type !== 'question') return;
      void delivery.reply('mine');
      void delivery.reply('its', { authorId: 'agent' });
    });
    await quiet();
    await bus.send({ channelId: 'a', content: '?', type: 'question' });
    await quiet();
    expect((await bus.history('a')).map(({ authorId }) => authorId)).toEqual(['ann', 'ann', 'agent']);
  });
});

describe('a channel object', () => {
  test('has the verbs of the bus, bound to its channel', async () => {
    const bus = new MessageBusCore();
    const channel = bus.channel('a');
    const got: unknown[] = [];
    await channel.subscribe(({ content }) => got.push(content)).ready;
    const sent = await channel.send('hello', { topic: 't' });
    await bus.send({ channelId: 'b', content: 'elsewhere' });
    expect(channel.channelId).toBe('a');
    expect(sent).toMatchObject({ channelId: 'a', content: 'hello', topic: 't' });
    expect(got).toEqual(['hello']);
    expect(await channel.history()).toEqual([sent]);
    expect(await channel.history({ limit: 0 })).toEqual([]);
  });

  test('passes on what belongs to the sending, not to the message', async () => {
    const channel = new MessageBusCore().channel('a');
    const abort = AbortSignal.abort();
    expect(await failure(channel.send(1, { ack: 'synced' }))).toMatchObject({ code: 'NO_UPSTREAM' });
    expect(await failure(channel.send(1, { signal: abort }))).toMatchObject({ code: 'ABORTED' });
    expect((await channel.send(1, { ephemeral: true })).offset).toBe(0);
  });

  test('is refused for a name that is none', async () => {
    expect(await failure(() => new MessageBusCore().channel('a*'))).toMatchObject({ code: 'INVALID_CHANNEL' });
  });
});
