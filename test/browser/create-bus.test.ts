// @vitest-environment happy-dom
import { createBus, isBusError } from 'busline';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isBusError(error) ? error.code : error;
}

describe('a bus in a page that has neither workers nor locks, as happy-dom is', () => {
  test('is made at once, without looking for a host', () => {
    expect(createBus().status.getSnapshot().host).toBe('connecting');
  });

  test('says what is missing when it is used', async () => {
    const bus = createBus();
    expect(await codeOf(bus.send({ channelId: 'room', content: 1 }))).toBe('NO_HOST');
    expect(await codeOf(bus.ready)).toBe('NO_HOST');
    expect(await codeOf(bus.subscribe('room', () => undefined).ready)).toBe('NO_HOST');
    expect(await codeOf(bus.history('room'))).toBe('NO_HOST');
    expect(bus.status.getSnapshot()).toMatchObject({
      host: 'closed',
      why: expect.stringMatching(/Web Locks need a secure context: serve the page over https or from localhost\./),
      problem: { code: 'NO_HOST' },
    });
    await bus.close();
  });

  test('refuses what does not fit the schema of its channel without looking for a host', async () => {
    const bus = createBus({ schemas: { n: z.number() } });
    const wrong = 'one' as unknown as number;
    expect(await codeOf(bus.send({ channelId: 'n', content: wrong }))).toBe('SCHEMA_MISMATCH');
    expect(bus.status.getSnapshot().host).toBe('connecting');
  });

  test('refuses an unknown host and a wrong name before anything else', () => {
    const codeThrownBy = (make: () => unknown): unknown => {
      try {
        return make();
      } catch (error) {
        return isBusError(error) && error.code;
      }
    };
    expect(codeThrownBy(() => createBus({ hosts: ['teapot' as 'page'] }))).toBe('UNKNOWN_HOST');
    expect(codeThrownBy(() => createBus({ name: '' }))).toBe('INVALID_CHANNEL');
    for (const name of ['\ud800', 'a\udfff', '\ude8c\ud83d'])
      expect(codeThrownBy(() => createBus({ name }))).toBe('INVALID_INPUT');
    expect(createBus({ name: 'whole: \ud83d\ude8c' }).status.getSnapshot().host).toBe('connecting');
  });
});
