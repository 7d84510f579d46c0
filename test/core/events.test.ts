// What happens beside the messages, and the errors that tell of it.
import { isBusError, MessageBusCore } from 'busline/core';
import type { BusError } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { advice, busError, describe as described, fromRecord, toRecord } from '../../src/core/errors.ts';
import { HostedBus } from '../../src/core/bus.ts';
import { contents, failure, HeldHost, quiet } from './support.ts';

describe('on', () => {
  test('tells of events until it is stopped, by its function or its signal', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host);
    const got: string[] = [];
    const abort = new AbortController();
    const stop = bus.on('reload', ({ why }) => got.push(`1 ${why}`));
    bus.on('reload', ({ why }) => got.push(`2 ${why}`), { signal: abort.signal });
    bus.on('reload', ({ why }) => got.push(`never ${why}`), { signal: AbortSignal.abort() });
    host.events.emit('reload', { why: 'a' });
    stop();
    stop();
    host.events.emit('reload', { why: 'b' });
    abort.abort();
    host.events.emit('reload', { why: 'c' });
    expect(got).toEqual(['1 a', '2 a', '2 b']);
    expect(host.events.counts.get('reload')).toBe(3);
  });

  test('with the same function is another subscription, with an end of its own', () => {
    const host = new HeldHost();
    const bus = new HostedBus(host);
    const got: string[] = [];
    const listener = ({ why }: { readonly why: string }): void => void got.push(why);
    const [stop] = [bus.on('reload', listener), bus.on('reload', listener)];
    host.events.emit('reload', { why: 'a' });
    stop();
    stop();
    host.events.emit('reload', { why: 'b' });
    expect(got).toEqual(['a', 'a', 'b']);
  });

  test('"message" hears every stored message', async () => {
    const bus = new MessageBusCore();
    const got: unknown[] = [];
    const abort = new AbortController();
    bus.on('message', (message) => got.push(message), { signal: abort.signal });
    const sent = await bus.send({ channelId: 'a', content: 1 });
    await bus.send({ channelId: 'a', content: 2 }, { ephemeral: true });
    abort.abort();
    await bus.send({ channelId: 'b', content: 3 });
    expect(got).toEqual([sent]);
  });

  test('a listener that throws or rejects harms nobody: it is an error event itself', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host);
    const got: string[] = [];
    const errors: BusError[] = [];
    bus.on('error', (error) => errors.push(error));
    bus.on('reload', () => {
      throw new Error('oh');
    });
    bus.on('reload', () => Promise.reject(new Error('late')) as unknown);
    bus.on('reload', ({ why }) => got.push(why));
    host.events.emit('reload', { why: 'x' });
    await quiet();
    expect(got).toEqual(['x']);
    expect(errors.map(({ code, message }) => [code, message.slice(0, 34)])).toEqual([
      ['ADAPTER_FAILED', 'A listener of "reload" threw: oh ['],
      ['ADAPTER_FAILED', 'A listener of "reload" threw: late'],
    ]);
  });

  test('a listener of errors that throws is not told of that', async () => {
    const host = new HeldHost();
    const bus = new HostedBus(host);
    let calls = 0;
    bus.on('error', () => {
      calls += 1;
      throw new Error('oh');
    });
    host.events.emit('error', busError('GAP', 'x'));
    await quiet();
    expect(calls).toBe(1);
  });
});

describe('a bus error', () => {
  test('says what is wrong, by which code, and what to do', () => {
    const error = busError('CLOSED', 'It is closed.');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'BusError', code: 'CLOSED', retryable: false, accepted: false });
    expect(error.message).toBe(`It is closed. [CLOSED] ${advice.CLOSED}`);
    expect(error.advice).toBe(advice.CLOSED);
    expect(error).not.toHaveProperty('cause');
    expect(busError('CLOSED', 'x', { cause: 5 }).cause).toBe(5);
  });

  test('has advice for every code', () => {
    for (const [code, text] of Object.entries(advice)) {
      expect(code).toMatch(/^[A-Z_]+$/);
      expect(text.length).toBeGreaterThan(20);
      expect(text).toMatch(/\.$/);
    }
  });

  test('is recognised without its class', () => {
    const error = busError('GAP', 'x');
    expect(isBusError(error)).toBe(true);
    expect(isBusError(Object.assign(new Error('copied'), { name: 'BusError', code: 'X' }))).toBe(true);
    for (const other of [undefined, null, 5, 'BusError', {}, new Error('BusError'), { name: 'BusError' }]) {
      expect(isBusError(other)).toBe(false);
    }
  });

  test('survives the way over a link, time and again', () => {
    const error = busError('STORAGE_FULL', 'No room.', {
      retryable: true,
      accepted: 'unknown',
      cause: 'lost on the way',
    });
    const copy = fromRecord(toRecord(fromRecord(structuredClone(toRecord(error)))));
    const { message, code, retryable, accepted } = copy;
    expect({ message, code, retryable, accepted }).toEqual({
      message: error.message,
      code: 'STORAGE_FULL',
      retryable: true,
      accepted: 'unknown',
    });
  });

  test('of a code that this build does not know is an error all the same', () => {
    for (const code of ['FUTURE', 'toString', '__proto__']) {
      const error = fromRecord({ code: code as never, message: 'x', retryable: false, accepted: false });
      expect(error.code).toBe('INVALID_INPUT');
    }
  });

  test('describes whatever was thrown', () => {
    expect([new Error('a'), 'b', 5, null, undefined, { c: 1 }, Symbol('d')].map(described)).toEqual([
      'a',
      'b',
      '[object Number]',
      '[object Null]',
      '[object Undefined]',
      '[object Object]',
      '[object Symbol]',
    ]);
  });
});

test('a failing handler is told of with its message', async () => {
  const bus = new MessageBusCore();
  const errors: { message: { content: unknown }; error: unknown }[] = [];
  bus.on('handlerError', (error) => errors.push(error));
  bus.subscribe('a', async ({ content }) => failure(() => content));
  await bus.send({ channelId: 'a', content: 'x' });
  await quiet();
  expect(contents(errors.map(({ message }) => message as never))).toEqual(['x']);
});
