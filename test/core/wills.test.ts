// What a host stores for a client that dies, and what it does not.
import type { Log, Message } from 'busline/core';
import { MemoryLog } from 'busline/core';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../src/core/block.ts';
import { messagesOf } from '../../src/core/block.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { Outbox } from '../../src/core/outbox.ts';
import { readAll } from '../../src/testing/log-setup.ts';
import { contents, HeldHost, quiet, testPlatform, wrapped } from './support.ts';

const hostOf = (log: Log): LogHost => new LogHost(log, { host: 'process', why: '', durability: 'memory' });

async function stored(log: Log, channelId = 'a'): Promise<readonly Message[]> {
  return (await readAll(log, channelId)).flatMap((block) => messagesOf(block, block.offset));
}

/** A block with a key of its own. */
function keyed(id: string, content: unknown = id): Block {
  const outbox = new Outbox(
    new HeldHost(),
    { id: 'me' },
    testPlatform(),
    () => [],
    () => undefined,
  );
  return outbox.block({ channelId: 'a', id, content });
}

const will = { id: 'w', block: keyed('abort', 'so far') };
const push = { clientId: 'tab', n: 1 };

describe('a will', () => {
  test('is stored when its client is gone, once, whoever says so how often', async () => {
    const log = new MemoryLog();
    const host = hostOf(log);
    await host.push(keyed('begin'), 'stored', { will }, push);
    host.gone('another');
    await quiet();
    expect(contents(await stored(log))).toEqual(['begin']);
    host.gone('tab');
    host.gone('tab');
    hostOf(log).gone('tab');
    await quiet();
    expect(contents(await stored(log))).toEqual(['begin', 'so far']);
    expect(await log.records('will:')).toEqual(new Map());
  });

  test('is taken back in the commit that makes it needless', async () => {
    const log = new MemoryLog();
    const host = hostOf(log);
    await host.push(keyed('begin'), 'stored', { will }, push);
    const ending = host.push(keyed('end'), 'stored', { fulfils: 'w' }, { ...push, n: 2 });
    host.gone('tab');
    await ending;
    await quiet();
    expect(contents(await stored(log))).toEqual(['begin', 'end']);
  });

  test('is taken back by an end that was stored before, too', async () => {
    const log = new MemoryLog();
    const host = hostOf(log);
    await host.push(keyed('end'), 'stored');
    await host.push(keyed('begin'), 'stored', { will }, push);
    expect(await host.push(keyed('end'), 'stored', { fulfils: 'w' }, { ...push, n: 2 })).toMatchObject({ known: true });
    host.gone('tab');
    await quiet();
    expect(contents(await stored(log))).toEqual(['end', 'begin']);
  });

  test('can be replaced, so that it holds what there is', async () => {
    const log = new MemoryLog();
    const host = hostOf(log);
    await host.push(keyed('begin'), 'stored', { will }, push);
    host.setWill({ id: 'w', block: keyed('abort', 'so far and further') }, 'tab');
    host.gone('tab');
    await quiet();
    expect(contents(await stored(log))).toEqual(['begin', 'so far and further']);
  });

  test('outlives its host: the next one stores it, when the client turns out to be gone', async () => {
    const log = new MemoryLog();
    const before = hostOf(log);
    await before.push(keyed('begin'), 'stored', { will }, push);
    await before.push(keyed('other begin'), 'stored', { will: { ...will, block: keyed('other abort') } });
    const gone = new Map<string, () => void>();
    await hostOf(log).recover((clientId, task) => gone.set(clientId, task));
    expect([...gone.keys()]).toEqual(['tab', before.clientId]);
    expect(contents(await stored(log))).toEqual(['begin', 'other begin']);
    gone.get('tab')?.();
    await quiet();
    expect(contents(await stored(log))).toEqual(['begin', 'other begin', 'so far']);
    gone.get(before.clientId)?.();
    await quiet();
    expect(contents(await stored(log))).toHaveLength(4);
  });

  test('is stored at once by a host that has the log for itself', async () => {
    const log = new MemoryLog();
    await hostOf(log).push(keyed('begin'), 'stored', { will });
    await hostOf(log).recover();
    await quiet();
    expect(contents(await stored(log))).toEqual(['begin', 'so far']);
  });

  test('that cannot be kept or stored is told', async () => {
    const broken = (): Promise<never> => Promise.reject(new Error('disk on fire'));
    const host = hostOf(wrapped(new MemoryLog(), { save: broken, records: broken }));
    const errors: string[] = [];
    host.events.on('error', ({ message }) => errors.push(message));
    host.setWill(will);
    host.gone('tab');
    await quiet();
    expect(errors).toHaveLength(2);
    for (const message of errors) expect(message).toMatch(/^A will was not kept: disk on fire/);
  });
});
