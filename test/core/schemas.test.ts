// A channel with a schema: what does not fit is refused at `send`, and left out at delivery with an event.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { BusError, Message, MessageBus, StandardSchema } from 'busline/core';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { TypedBus } from '../../src/core/bus.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { contents, encodedLog, failure, heard, quiet, sendBlock, until } from './support.ts';

const note = z.object({ text: z.string(), tags: z.array(z.string()).default([]) });

/** A schema written by hand: what `validate` returns is all that counts. */
function schema<I, O = I>(validate: (value: unknown) => unknown): StandardSchema<I, O> {
  return { '~standard': { version: 1, vendor: 'by hand', validate } };
}

const even = schema<number>((value) =>
  Number.isInteger(value) && (value as number) % 2 === 0 ? { value } : { issues: [{ message: 'is odd' }] },
);

function errorsOf(bus: MessageBus): BusError[] {
  const errors: BusError[] = [];
  bus.on('error', (error) => errors.push(error));
  return errors;
}

/** What was stored before a schema that accepts less. */
async function changed(values: readonly unknown[]): Promise<MemoryLog> {
  const log = new MemoryLog();
  await sendBlock(new MessageBusCore({ log }), 'n', values);
  return log;
}

describe('sending', () => {
  test('what fits is stored as it was given, and comes as the schema makes it', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log, schemas: { note } });
    const got = heard(bus, 'note');
    const sent = await bus.send({ channelId: 'note', content: { text: 'hello' } });
    expect(sent.content).toEqual({ text: 'hello', tags: [] });
    expect(got).toEqual([sent]);
    const raw = await new MessageBusCore({ log }).history('note');
    expect(contents(raw)).toEqual([{ text: 'hello' }]);
  });

  test('what does not fit is refused, with the channel and the place, and nothing is stored', async () => {
    const bus: MessageBus = new MessageBusCore({ schemas: { note } });
    const error = await failure(bus.send({ channelId: 'note', content: { text: 'a', tags: ['b', 2] } }));
    expect(error).toMatchObject({ code: 'SCHEMA_MISMATCH', accepted: false, retryable: false });
    expect(error['message']).toMatch(
      /^send: the content does not fit the schema of channel "note": content\.tags\[1\]: /,
    );
    expect(await bus.history('note')).toEqual([]);
  });

  test('an issue may name its place by segments, or none at all', async () => {
    const place = [{ key: 'a' }, { key: 0 }, 'b'];
    const schemas = { n: even, deep: schema(() => ({ issues: [{ message: 'is wrong', path: place }] })) };
    const bus = new MessageBusCore({ schemas });
    expect((await failure(bus.send({ channelId: 'n', content: 1 })))['message']).toMatch(/"n": content: is odd\. /);
    expect((await failure(bus.send({ channelId: 'deep', content: 1 })))['message']).toMatch(
      /content\.a\[0\]\.b: is wrong\. /,
    );
  });

  test('does not hold up what is sent in the same turn', async () => {
    const bus = new MessageBusCore({ schemas: { n: even } });
    const settled = await Promise.allSettled([2, 3, 4].map((content) => bus.send({ channelId: 'n', content })));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(contents(await bus.history('n'))).toEqual([2, 4]);
  });

  test('ephemeral messages and replies are checked as all others are', async () => {
    const bus = new MessageBusCore({ schemas: { n: even } });
    expect(await failure(bus.send({ channelId: 'n', content: 1 }, { ephemeral: true }))).toMatchObject({
      code: 'SCHEMA_MISMATCH',
    });
    const replies: Promise<unknown>[] = [];
    bus.subscribe('n', (_, { reply }) => replies.length < 1 && replies.push(failure(reply(3))));
    await bus.send({ channelId: 'n', content: 2 });
    expect(await replies[0]).toMatchObject({ code: 'SCHEMA_MISMATCH' });
  });

  test('is refused where the schema is asynchronous, whatever it will say', async () => {
    const schemas = {
      late: z.number().refine(() => Promise.resolve(true)),
      never: schema(() => Promise.reject(new Error('too late'))),
    };
    const bus = new MessageBusCore({ schemas });
    for (const channelId of ['late', 'never'] as const) {
      const error = await failure(bus.send({ channelId, content: 1 }));
      expect(error).toMatchObject({ code: 'INVALID_INPUT' });
      expect(error['message']).toMatch(new RegExp(`the schema of channel "${channelId}" is asynchronous`));
    }
  });

  test('is refused where the schema throws, or says nothing', async () => {
    const schemas = {
      throws: schema(() => {
        throw new Error('out of order');
      }),
      silent: schema(() => undefined),
    };
    const bus = new MessageBusCore({ schemas });
    const error = await failure(bus.send({ channelId: 'throws', content: 1 }));
    expect(error).toMatchObject({ code: 'SCHEMA_MISMATCH' });
    expect(error['message']).toMatch(/its schema threw: out of order/);
    expect(await failure(bus.send({ channelId: 'silent', content: 1 }))).toMatchObject({ code: 'SCHEMA_MISMATCH' });
  });

  test('other channels may hold anything, and the bus’s own messages are not looked at', async () => {
    const bus = new MessageBusCore({ schemas: { n: even } });
    const errors = errorsOf(bus);
    await sendBlock(bus, 'toString', [1, 'two', null]);
    expect(contents(await bus.history('toString'))).toEqual([1, 'two', null]);
    const controls: unknown[] = [];
    bus.subscribeControl('n', ({ action }) => controls.push(action));
    await bus.sendControl('n', 'stop');
    expect(controls).toEqual(['stop']);
    expect(errors).toEqual([]);
  });
});

describe('a schema that accepts less than what is stored', () => {
  test('leaves out what does not fit, tells it once, and delivers the others', async () => {
    const log = await changed([2, 3, 4]);
    const bus = new MessageBusCore({ log, schemas: { n: even } });
    const errors = errorsOf(bus);
    const got = [heard(bus, 'n', { from: 'earliest' }), heard(bus, '*', { from: 'earliest' })];
    await quiet();
    expect(got.map(contents)).toEqual([
      [2, 4],
      [2, 4],
    ]);
    const [unfit] = await new MessageBusCore({ log }).history('n', { after: { logId: '', offset: 1 }, limit: 1 });
    expect(errors.map(({ code }) => code)).toEqual(['SCHEMA_MISMATCH']);
    expect(errors[0]?.message).toContain(`Message ${unfit?.id} of channel "n" was left out: content: is odd. [`);
  });

  test('tells of one message, and how many more of its block are left out', async () => {
    const bus = new MessageBusCore({ log: await changed([1, 3, 5]), schemas: { n: even } });
    const errors = errorsOf(bus);
    expect(await bus.history('n')).toEqual([]);
    expect(errors.map(({ message }) => / So were 2 more of its block\. /.test(message))).toEqual([true]);
  });

  test('does so for history and messages(), too', async () => {
    const bus = new MessageBusCore({ log: await changed([1, 2, 3, 4]), schemas: { n: even } });
    expect((await bus.history('n')).map(({ offset, content }) => [offset, content])).toEqual([
      [2, 2],
      [4, 4],
    ]);
    const got: unknown[] = [];
    for await (const { content } of bus.messages('n', { from: 'earliest' })) {
      got.push(content);
      if (content === 4) break;
    }
    expect(got).toEqual([2, 4]);
  });

  test('fills in what it has a default for', async () => {
    const log = new MemoryLog();
    await new MessageBusCore({ log }).send({ channelId: 'note', content: { text: 'old' } });
    const [message] = await new MessageBusCore({ log, schemas: { note } }).history('note');
    expect(message?.content.tags).toEqual([]);
  });

  test('passes over a block even when it is asynchronous', async () => {
    const late = schema<number>(() => Promise.resolve({ value: 1 }));
    const bus = new MessageBusCore({ log: await changed([1]), schemas: { n: late } });
    const errors = errorsOf(bus);
    expect(await bus.history('n')).toEqual([]);
    expect(errors.map(({ message }) => message.includes('its schema is asynchronous'))).toEqual([true]);
  });
});

describe('two tabs with different schemas', () => {
  test('each get what fits theirs, whoever sent it', async () => {
    const log = encodedLog();
    const [numbers, texts] = [
      new MessageBusCore({ log, schemas: { c: z.number() } }),
      new MessageBusCore({ log, schemas: { c: z.string().transform((text) => text.toUpperCase()) } }),
    ];
    const [errorsThere, errorsHere] = [errorsOf(numbers), errorsOf(texts)];
    const there = heard(numbers, 'c', { ephemeral: true });
    const here = heard(texts, 'c', { ephemeral: true });
    await numbers.send({ channelId: 'c', content: 1 });
    expect((await texts.send({ channelId: 'c', content: 'two' })).content).toBe('TWO');
    expect([contents(there), contents(here)]).toEqual([[1], ['TWO']]);
    expect([errorsThere, errorsHere].map((errors) => errors.map(({ code }) => code))).toEqual([
      ['SCHEMA_MISMATCH'],
      ['SCHEMA_MISMATCH'],
    ]);
  });

  test('ephemeral messages that do not fit are left out, too', async () => {
    const host = new LogHost(new MemoryLog(), { host: 'process', why: 'A test.', durability: 'memory' });
    const bus = new TypedBus(host, { schemas: { c: even } });
    const got = heard(bus, 'c', { ephemeral: true });
    const errors = errorsOf(bus);
    const other = new TypedBus(host);
    await Promise.all([2, 3].map((content) => other.send({ channelId: 'c', content }, { ephemeral: true })));
    expect([contents(got), errors.length]).toEqual([[2], 1]);
  });
});

test('what is no schema, or for no channel, is refused at once', async () => {
  const wrong = { n: {} } as unknown as { n: StandardSchema };
  expect(await failure(() => new MessageBusCore({ schemas: wrong }))).toMatchObject({ code: 'INVALID_INPUT' });
  const pattern = { 'room-*': even };
  expect(await failure(() => new MessageBusCore({ schemas: pattern }))).toMatchObject({ code: 'INVALID_CHANNEL' });
});

test('a bus with schemas is a bus', async () => {
  const plain: MessageBus = new MessageBusCore({ schemas: { n: even } });
  const got: Message[] = heard(plain, 'n');
  await plain.send({ channelId: 'n', content: 2 });
  expect(contents(got)).toEqual([2]);
});

test('a live view leaves out what does not fit', async () => {
  const log = new MemoryLog();
  const plain = new MessageBusCore({ log });
  await Promise.all(['not a number', 2].map((content) => plain.send({ channelId: 'n', content })));
  const bus = new MessageBusCore({ log, schemas: { n: z.number() } });
  const view = bus.live('n');
  await until(() => view.getSnapshot().length > 0);
  expect(view.getSnapshot().map(({ content }) => content)).toEqual([2]);
});
