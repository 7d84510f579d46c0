// The suite for adapters, on adapters that keep the contract and on some that do not.
import type { Adapter, Message, MessageBus } from 'busline/core';
import { testAdapter } from 'busline/testing';
import type { AdapterUnderTest, Runner } from 'busline/testing';
import { describe, expect, test } from 'vitest';

/** Keeps messages as rows, as a database would; each write takes a while. */
class Archive implements Adapter {
  readonly name = 'archive';
  readonly #rows = new Map<string, Message>();

  async onMessage(message: Message): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#rows.set(message.id, message);
  }

  onDelete(messageId: string): void {
    this.#rows.delete(messageId);
  }

  get ids(): readonly string[] {
    return [...this.#rows.keys()];
  }
}

describe('an adapter that writes to a database', () => {
  testAdapter(
    { describe, test, expect },
    {
      create: () => {
        const adapter = new Archive();
        return { adapter, handled: () => Promise.resolve(adapter.ids) };
      },
    },
  );
});

function recorder(more: Partial<Adapter> = {}): AdapterUnderTest {
  const ids: string[] = [];
  return { adapter: { name: 'recorder', onMessage: ({ id }) => void ids.push(id), ...more }, handled: () => ids };
}

describe('an adapter without a group, that hears what comes', () => {
  testAdapter(
    { describe, test, expect },
    { create: () => recorder({ group: false, channels: ['rooms', 'room-*'], attach: () => undefined }) },
  );
});

describe('an adapter that wants messages of its own kind', () => {
  let cleanups = 0;
  testAdapter(
    { describe, test, expect },
    {
      create: () => {
        const ids: string[] = [];
        const onMessage = ({ id, type }: Message): void => {
          if (type === 'job') ids.push(id);
        };
        return recorderOf(ids, { channels: ['jobs'], onMessage });
      },
      message: (n) => ({ type: 'job', content: { n } }),
      cleanup: () => (cleanups += 1),
    },
  );
  test('is cleaned up after each test', () => expect(cleanups).toBe(7));
});

function recorderOf(ids: readonly string[], more: Partial<Adapter>): AdapterUnderTest {
  return { adapter: { name: 'recorder', ...more }, handled: () => ids };
}

/** The names of the tests that fail for it. */
async function failing(create: () => AdapterUnderTest): Promise<readonly string[]> {
  const tests: [string, () => Promise<void>][] = [];
  const runner: Runner = {
    describe: (_, body) => body(),
    test: (name, body) => tests.push([name, body]),
    expect,
  };
  testAdapter(runner, { create });
  const failed: string[] = [];
  for (const [name, body] of tests) await body().catch(() => failed.push(name));
  return failed;
}

const everyMessage = 'handles every message of its channels, in their order, whoever sent it';

describe('the suite finds an adapter that', () => {
  test('keeps the contract to be a good one', async () => {
    expect(await failing(() => recorder())).toEqual([]);
  });

  test('has no name', async () => {
    expect(await failing(() => recorder({ name: '' }))).toContain('has a name');
  });

  test('forgets some messages', async () => {
    const failed = await failing(() => {
      const ids: string[] = [];
      let count = 0;
      return recorderOf(ids, { onMessage: ({ id }) => (count += 1) % 7 === 0 || ids.push(id) });
    });
    expect(failed).toContain(everyMessage);
    expect(failed).toContain('misses nothing when the host dies');
  });

  test('handles some messages twice', async () => {
    const failed = await failing(() => {
      const ids: string[] = [];
      return recorderOf(ids, { onMessage: ({ id, offset }) => void ids.push(...(offset === 5 ? [id, id] : [id])) });
    });
    expect(failed).toContain(everyMessage);
  });

  test('says that it is done before it is', async () => {
    const failed = await failing(() => {
      const ids: string[] = [];
      const later = ({ id, offset }: Message): unknown =>
        offset % 2 === 0 ? ids.push(id) : setImmediate(() => setImmediate(() => ids.push(id)));
      return recorderOf(ids, { onMessage: (message) => void later(message) });
    });
    expect(failed).toContain(everyMessage);
  });

  test('throws when it is attached', async () => {
    const failed = await failing(() =>
      recorder({
        attach: () => {
          throw new Error('no database');
        },
      }),
    );
    expect(failed).toContain(everyMessage);
    expect(failed).toContain('is attached once, and detached once');
  });

  test('throws on every message', async () => {
    const throwing = (): never => {
      throw new Error('no such table');
    };
    const failed = await failing(() => recorder({ onMessage: throwing }));
    expect(failed).toContain(everyMessage);
    expect(failed).toContain('is given again what it threw on, before what follows');
  });

  test('goes on after it was detached', async () => {
    const failed = await failing(() => {
      const ids: string[] = [];
      const attach = (bus: MessageBus): unknown => bus.subscribe('*', ({ id }) => ids.push(id));
      return recorderOf(ids, { attach, onMessage: () => undefined });
    });
    expect(failed).toEqual(['handles nothing more when it was detached']);
  });
});
