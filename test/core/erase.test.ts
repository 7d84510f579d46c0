// What is deleted or cleared is gone: from the log, from history, for whoever comes later. Who is there is told.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { BusEvents, Log, Message, MessageStream, Position, Reset, StoredBlock } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { firstOffset, sizeOf } from '../../src/core/block.ts';
import { cut } from '../../src/core/cut.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { window } from '../../src/core/reader.ts';
import { readAll } from '../../src/testing/log-setup.ts';
import { blockOf } from '../../src/testing/sender.ts';
import { contents, encodedLog, failure, heard, inner, numbers, quiet, sendBlock, until, wrapped } from './support.ts';

const channelId = 'a';
const logs: readonly (readonly [string, () => Log])[] = [
  ['blocks that stay in their process', () => new MemoryLog()],
  ['encoded blocks', () => encodedLog()],
];

/** Everything that a channel's blocks hold, as text. */
async function onDisk(log: Log, channel = channelId): Promise<string> {
  return JSON.stringify(await readAll(log, channel));
}

function told<K extends keyof BusEvents>(bus: MessageBusCore, event: K): BusEvents[K][] {
  const values: BusEvents[K][] = [];
  bus.on(event, (value) => void values.push(value));
  return values;
}

const places = (messages: readonly Message[]): unknown[] => messages.map(({ id, offset }) => [id, offset]);
const kinds = (blocks: readonly StoredBlock[]): unknown[] => blocks.map(({ header }) => header.control ?? header.kind);

describe.each(logs)('a message that is deleted, in a log of %s', (_, open) => {
  test('is gone from the log, and its neighbours stay as they were', async () => {
    const log = open();
    const bus = new MessageBusCore({ log, author: 'ada' });
    const sent = await sendBlock(bus, channelId, ['one', 'secret', 'three']);
    await sendBlock(bus, channelId, ['four']);
    await bus.deleteMessage(sent[1]?.id ?? '', channelId);
    expect(await onDisk(log)).not.toContain('secret');
    const history = await bus.history(channelId);
    expect(contents(history)).toEqual(['one', 'three', 'four']);
    expect(places(history).slice(0, 2)).toEqual(places([sent[0], sent[2]] as Message[]));
    expect(contents(await bus.history(channelId, { limit: 3 }))).toEqual(['one', 'three', 'four']);
    expect((await bus.history(channelId, { after: sent[2]?.id ?? '' })).map(({ offset }) => offset)).toEqual([4]);
    const blocks = await readAll(log, channelId);
    expect(kinds(blocks)).toEqual(['data', 'data', 'delete']);
    expect(blocks[2]?.header).toMatchObject({ authorId: 'ada', count: 1, producerId: log.storeId });
    expect(await log.records('')).toEqual(new Map());
  });

  test('is not delivered to who comes later, and neither is what says so', async () => {
    const log = open();
    const bus = new MessageBusCore({ log });
    const early = heard(bus, channelId);
    const [first, second] = await sendBlock(bus, channelId, [1, 2]);
    await bus.deleteMessage(first?.id ?? '', channelId);
    await sendBlock(bus, channelId, [3]);
    const late = heard(new MessageBusCore({ log }), '*', { from: 'earliest' });
    const last = heard(new MessageBusCore({ log }), channelId, { from: { last: 3 } });
    await quiet();
    expect(contents(early)).toEqual([1, 2, 3]);
    expect(places(late)).toEqual(places([second, early[2]] as Message[]));
    expect(contents(last)).toEqual([2, 3]);
  });

  test('may be one of several of its block, at the same time', async () => {
    const log = open();
    const bus = new MessageBusCore({ log });
    const sent = await sendBlock(bus, channelId, numbers(1, 5));
    await Promise.all([sent[0], sent[3], sent[4]].map((message) => bus.deleteMessage(message?.id ?? '', channelId)));
    expect(contents(await bus.history(channelId))).toEqual([2, 3]);
    expect(kinds(await readAll(log, channelId))).toEqual(['data', 'delete', 'delete', 'delete']);
  });

  test('under a key of its own does not come back when it is sent again', async () => {
    const log = open();
    const bus = new MessageBusCore({ log });
    await bus.send({ channelId, id: 'key', content: 'secret' });
    await bus.deleteMessage('key', channelId);
    const error = await failure(bus.send({ channelId, id: 'key', content: 'secret' }));
    expect(error).toMatchObject({ code: 'INVALID_INPUT', accepted: true });
    expect(await onDisk(log)).not.toContain('secret');
    expect(await bus.history(channelId)).toEqual([]);
  });

  test('takes its large binary along', async () => {
    const log = open();
    const bus = new MessageBusCore({ log });
    const { id } = await bus.send({ channelId, content: { bytes: new Uint8Array(100_000).fill(7) } });
    await bus.deleteMessage(id, channelId);
    const [block] = await readAll(log, channelId);
    expect(block).not.toHaveProperty('buffers');
    expect(sizeOf(block as StoredBlock)).toBeLessThan(1000);
  });

  test('and is deleted again is no error, and nobody is told again', async () => {
    const log = open();
    const bus = new MessageBusCore({ log });
    const deleted = told(bus, 'message_deleted');
    await quiet();
    const [message] = await sendBlock(bus, channelId, [1, 2]);
    const id = message?.id ?? '';
    const both = [1, 2].map(() => bus.deleteMessage(id, channelId));
    await Promise.all(both);
    await bus.deleteMessage(id, channelId);
    expect(deleted).toEqual([{ messageId: id, channelId }]);
    expect(kinds(await readAll(log, channelId))).toEqual(['data', 'delete']);
  });

  test('is told to every tab, by its id, where it belongs among the messages', async () => {
    const log = open();
    const [bus, other] = [new MessageBusCore({ log }), new MessageBusCore({ log })];
    const abort = new AbortController();
    const [deleted, cleared, aborted, stopped] = [
      told(other, 'message_deleted'),
      told(other, 'channel_cleared'),
      [] as unknown[],
      [] as unknown[],
    ];
    other.on('message_deleted', (value) => void aborted.push(value), { signal: abort.signal });
    const stop = other.on('message_deleted', (value) => void stopped.push(value));
    other.on('message_deleted', () => {
      throw new Error('it throws');
    });
    await quiet();
    const [first, second] = await sendBlock(bus, channelId, [1, 2]);
    await bus.deleteMessage(first?.id ?? '', channelId);
    abort.abort();
    stop();
    await bus.deleteMessage(second?.id ?? '', channelId);
    const value = { messageId: first?.id, channelId };
    expect([deleted, aborted, stopped, cleared]).toEqual([
      [value, { ...value, messageId: second?.id }],
      [value],
      [value],
      [],
    ]);
    expect(other.getSubscriberCount(channelId)).toBe(0);
    expect(await other.admin.stats()).toMatchObject({ error: 2 });
  });

  test('and begins a stream takes the end of the stream along', async () => {
    const log = open();
    const bus = new MessageBusCore({ log });
    await bus.send({ channelId, id: 's', type: 'busline.stream', content: {} }, inner);
    await sendBlock(bus, channelId, ['between']);
    await bus.send({ channelId, id: 'end:s', content: 'secret' });
    await bus.send({ channelId, id: 'open', type: 'busline.stream', content: {} }, inner);
    await bus.deleteMessage('s', channelId);
    await bus.deleteMessage('open', channelId);
    expect(await onDisk(log)).not.toContain('secret');
    expect(contents(await bus.history(channelId))).toEqual(['between']);
    expect(kinds(await readAll(log, channelId)).slice(4)).toEqual(['delete', 'delete', 'delete']);
  });
});

describe('deleting', () => {
  test('an unknown message is refused, by name', async () => {
    const bus = new MessageBusCore();
    await sendBlock(bus, channelId, [1]);
    for (const id of ['nothing', '01890000-0000-7000-8000-000000000000']) {
      const error = await failure(bus.deleteMessage(id, channelId));
      expect(error).toMatchObject({ code: 'INVALID_INPUT' });
      expect(error['message']).toContain(`deleteMessage: there is no message "${id}" in channel "a"`);
    }
    expect(await failure(bus.deleteMessage('x', '*'))).toMatchObject({ code: 'INVALID_CHANNEL' });
    expect(await failure(bus.clearChannel(''))).toMatchObject({ code: 'INVALID_CHANNEL' });
    await bus.close();
    expect(await failure(bus.deleteMessage('x', channelId))).toMatchObject({ code: 'CLOSED' });
    expect(await failure(bus.clearChannel(channelId))).toMatchObject({ code: 'CLOSED' });
  });

  test('what another place holds by now does nothing', async () => {
    const log = new MemoryLog();
    const host = new LogHost(log, { host: 'process', why: 'A test.', durability: 'memory' });
    const [message] = await sendBlock(new MessageBusCore({ log }), channelId, [1, 2]);
    const before = await onDisk(log);
    await host.erase(channelId, 2, message?.id ?? '', 'ada');
    await host.erase(channelId, 99, message?.id ?? '', 'ada');
    await host.erase('nowhere', 1, message?.id ?? '', 'ada');
    expect(await onDisk(log)).toBe(before);
    expect(await log.channels()).toEqual([channelId]);
  });

  test('keeps what a body with several messages holds beside them', async () => {
    const { header, ...body } = blockOf(channelId, [1, 2]);
    const identity = { producerId: 'p', sequence: 1, blockId: 'b' };
    const place = { logId: 'log', offset: 8, appendedAt: 0 };
    const block = { ...body, header: { ...header, ...identity }, ...place, buffers: [Uint8Array.of(1)] } as StoredBlock;
    expect(cut(block, firstOffset(block))).toMatchObject({ buffers: [Uint8Array.of(1)], offset: 8 });
    const items = { ...block, items: [{ content: 1, id: 'own' }, { content: 2 }] } as StoredBlock;
    expect(cut(items, firstOffset(items))).toMatchObject({ items: [{ id: 'own', deleted: true }, { content: 2 }] });
  });

  test('that a host died of is ended by the next', async () => {
    const memory = new MemoryLog();
    const bus = new MessageBusCore({ log: memory });
    const [message] = await sendBlock(bus, channelId, ['secret', 'kept']);
    await sendBlock(bus, 'b', ['secret', 'too']);
    const never = new Promise<never>(() => undefined);
    const dying = new MessageBusCore({ log: wrapped(memory, { replace: () => never, trim: () => never }) });
    void dying.deleteMessage(message?.id ?? '', channelId);
    await quiet();
    expect(await onDisk(memory)).toContain('secret');
    // What comes before the channel is said to be cleared is cleared, too.
    const append: Log['append'] = async (entries) => {
      await memory.append([{ block: blockOf('b', ['also']) }]);
      return memory.append(entries);
    };
    const status = { host: 'process', why: 'A test.', durability: 'memory' } as const;
    const { logId, head } = await memory.head('b');
    const upTo = { logId, offset: head };
    void new LogHost(wrapped(memory, { trim: () => never, append }), status).clear('b', upTo, 'ada');
    await quiet();
    await sendBlock(bus, 'b', ['after']);
    expect(kinds(await readAll(memory, 'b'))).toEqual(['data', 'data', 'clear', 'data']);
    const successor = new LogHost(memory, status);
    // Whoever waits for it asks again, maybe before.
    const asked = successor.clear('b', upTo, 'ada');
    await successor.recover();
    await asked;
    expect(await onDisk(memory)).not.toContain('secret');
    expect(kinds(await readAll(memory, channelId))).toEqual(['data', 'delete']);
    expect(kinds(await readAll(memory, 'b'))).toEqual(['clear', 'data']);
    expect(await memory.records('')).toEqual(new Map());
    await successor.recover();
    expect(kinds(await readAll(memory, channelId))).toEqual(['data', 'delete']);
  });

  test('that cannot be ended is an error of the bus, which goes on', async () => {
    const memory = new MemoryLog();
    await memory.save([
      ['erase:a:1', { channelId, offset: 1, id: 'x', author: 'ada' }],
      ['clear:a', { channelId, upTo: 5 }],
    ]);
    const log = wrapped(memory, { trim: () => Promise.reject(new Error('full')) });
    const host = new LogHost(log, { host: 'process', why: 'A test.', durability: 'memory' });
    const errors: string[] = [];
    host.events.on('error', ({ message }) => errors.push(message));
    await host.recover();
    expect(errors).toEqual([expect.stringContaining('full')]);
  });
});

describe('in a log that is full', () => {
  const full = { kind: 'refused', code: 'STORAGE_FULL', why: 'No room.' } as const;
  const refusing = (log: Log): Log => wrapped(log, { append: (entries) => Promise.resolve(entries.map(() => full)) });

  test('nothing is cleared, since nobody could be told of it, and whoever asks for it hears so', async () => {
    const log = new MemoryLog();
    await sendBlock(new MessageBusCore({ log }), channelId, [1, 2]);
    const error = await failure(new MessageBusCore({ log: refusing(log) }).clearChannel(channelId));
    expect(error).toMatchObject({ code: 'STORAGE_FULL', retryable: true });
    const bus = new MessageBusCore({ log });
    expect(contents(await bus.history(channelId))).toEqual([1, 2]);
    await bus.clearChannel(channelId);
    expect(kinds(await readAll(log, channelId))).toEqual(['clear']);
  });

  test('whoever deletes hears that nobody could be told, and the next host tells it', async () => {
    const log = new MemoryLog();
    const [message] = await sendBlock(new MessageBusCore({ log }), channelId, ['secret', 'kept']);
    const error = await failure(new MessageBusCore({ log: refusing(log) }).deleteMessage(message?.id ?? '', channelId));
    expect(error).toMatchObject({ code: 'STORAGE_FULL', retryable: true });
    expect(kinds(await readAll(log, channelId))).toEqual(['data']);
    const successor = new LogHost(log, { host: 'process', why: 'A test.', durability: 'memory' });
    await successor.recover();
    expect(kinds(await readAll(log, channelId))).toEqual(['data', 'delete']);
    expect(await log.records('')).toEqual(new Map());
  });
});

describe('clearing', () => {
  test('up to a place leaves what came after it, and does nothing when it is asked again', async () => {
    const log = new MemoryLog();
    const host = new LogHost(log, { host: 'process', why: 'A test.', durability: 'memory' });
    const bus = new MessageBusCore({ log });
    await sendBlock(bus, channelId, [1, 2]);
    const { logId } = await log.head(channelId);
    for (let round = 0; round < 2; round++) {
      await host.clear(channelId, { logId, offset: 2 }, 'ada');
      await sendBlock(bus, channelId, ['after']);
    }
    await host.clear(channelId, { logId: 'another', offset: 99 }, 'ada');
    expect(kinds(await readAll(log, channelId))).toEqual(['clear', 'data', 'data']);
    await host.clear(channelId, { logId, offset: 3 }, 'ada');
    expect(contents(await bus.history(channelId))).toEqual(['after', 'after']);
    await host.clear(channelId, { logId, offset: 99 }, 'ada');
    expect(kinds(await readAll(log, channelId))).toEqual(['clear']);
  });
});

describe.each(logs)('a channel that is cleared, in a log of %s', (_, open) => {
  test('holds nothing but that it was, and goes on from there', async () => {
    const log = open();
    const bus = new MessageBusCore({ log, author: 'ada' });
    const sent = await sendBlock(bus, channelId, ['secret', 2, 3]);
    await sendBlock(bus, 'b', ['other']);
    await bus.clearChannel(channelId);
    expect(await log.head(channelId)).toMatchObject({ first: 4, head: 4 });
    expect(await onDisk(log)).not.toContain('secret');
    expect(await bus.history(channelId)).toEqual([]);
    expect(contents(await bus.history('b'))).toEqual(['other']);
    const next = await bus.send({ channelId, content: 'next' });
    expect(next.offset).toBe(5);
    expect(next.id > (sent[2]?.id ?? 'g')).toBe(true);
    expect(contents(await bus.history(channelId))).toEqual(['next']);
    expect(await log.records('')).toEqual(new Map());
  });

  test('again, or while it is empty, stays as it is', async () => {
    const log = open();
    const bus = new MessageBusCore({ log });
    await bus.clearChannel(channelId);
    expect(await log.channels()).toEqual([]);
    const [message] = await sendBlock(bus, channelId, [1]);
    await Promise.all([bus.clearChannel(channelId), bus.clearChannel(channelId)]);
    expect(await log.head(channelId)).toMatchObject({ first: 2, head: 2 });
    expect(await failure(bus.deleteMessage(message?.id ?? '', channelId))).toMatchObject({ code: 'INVALID_INPUT' });
    await sendBlock(bus, channelId, [3]);
    await bus.clearChannel(channelId);
    expect(await log.head(channelId)).toMatchObject({ first: 4, head: 4 });
    await log.trim(channelId, 4);
    await bus.clearChannel(channelId);
    expect(await log.head(channelId)).toMatchObject({ first: 5, head: 4 });
  });

  test('is told to every tab, and as a reset to every reader that has something of it', async () => {
    const log = open();
    const [bus, other] = [new MessageBusCore({ log }), new MessageBusCore({ log })];
    const cleared = told(other, 'channel_cleared');
    const resets: Reset[] = [];
    const messages = heard(other, '*', { onReset: (reset) => resets.push(reset) });
    await quiet();
    await sendBlock(bus, channelId, [1, 2]);
    await bus.clearChannel(channelId);
    await sendBlock(bus, channelId, [4]);
    const { logId } = await log.head(channelId);
    expect(cleared).toEqual([{ channelId }]);
    expect(resets).toEqual([{ channelId, reason: 'cleared', had: { logId, offset: 2 }, now: { logId, offset: 3 } }]);
    expect(contents(messages)).toEqual([1, 2, 4]);
    expect(await other.admin.stats()).toMatchObject({ reset: 1 });
  });

  test('is a reset for who comes back to it, once', async () => {
    const log = open();
    const bus = new MessageBusCore({ log });
    const subscription = bus.subscribe(channelId, () => undefined);
    await sendBlock(bus, channelId, [1, 2]);
    const position = subscription.positions()[channelId];
    subscription();
    await sendBlock(bus, channelId, [3]);
    const upToDate = { logId: position?.logId ?? '', offset: 3 };
    await bus.clearChannel(channelId);
    await sendBlock(bus, channelId, [5]);
    const resets: unknown[] = [];
    for (const from of [position as Position, upToDate]) {
      const back = heard(bus, channelId, { from, onReset: ({ reason, had }) => resets.push([reason, had.offset]) });
      await quiet();
      expect(contents(back)).toEqual([5]);
    }
    expect(resets).toEqual([
      ['cleared', 2],
      ['cleared', 3],
    ]);
  });

  test('is none for who begins with what there is', async () => {
    const log = open();
    const bus = new MessageBusCore({ log });
    await sendBlock(bus, channelId, [1, 2]);
    await bus.clearChannel(channelId);
    await sendBlock(bus, channelId, [4]);
    const resets: Reset[] = [];
    for (const from of ['earliest', { last: 10 }] as const) {
      const messages = heard(bus, channelId, { from, onReset: (reset) => resets.push(reset) });
      await quiet();
      expect(contents(messages)).toEqual([4]);
    }
    expect(resets).toEqual([]);
    await bus.clearChannel(channelId);
    expect(resets.map(({ reason }) => reason)).toEqual(['cleared', 'cleared']);
  });

  test('is one reset for a reader that has not come so far, and what it has not got it never gets', async () => {
    const log = open();
    const bus = new MessageBusCore({ log });
    const many = window + 2000;
    await sendBlock(bus, channelId, numbers(1, many));
    const resets = told(bus, 'reset');
    const iterator = bus.messages(channelId, { from: 'earliest' })[Symbol.asyncIterator]();
    const got = [await iterator.next()];
    await bus.clearChannel(channelId);
    await bus.send({ channelId, content: 'after' });
    while (got.at(-1)?.value.content !== 'after') got.push(await iterator.next());
    await iterator.return?.();
    expect(got.length).toBeLessThan(many);
    expect(got.map(({ value }) => value.content).slice(0, -1)).toEqual(numbers(1, got.length - 1));
    const had = expect.objectContaining({ offset: got.length - 1 });
    expect(resets).toEqual([{ channelId, reason: 'cleared', had, now: expect.objectContaining({ offset: many }) }]);
  });
});

test('a reader that has the messages, but not yet the end of what there is, is told of the clearing', async () => {
  const memory = new MemoryLog();
  const bus = new MessageBusCore({ log: memory });
  await sendBlock(bus, channelId, [1, 2]);
  const dying = new MessageBusCore({ log: wrapped(memory, { trim: () => new Promise(() => undefined) }) });
  void dying.clearChannel(channelId);
  await quiet();
  const resets: Reset[] = [];
  const messages = heard(bus, channelId, { from: 'earliest', onReset: (reset) => resets.push(reset) });
  await quiet();
  expect(contents(messages)).toEqual([1, 2]);
  expect(resets.map(({ reason, had }) => [reason, had.offset])).toEqual([['cleared', 2]]);
});

describe('deleting a stream', () => {
  const under = async (bus: MessageBusCore): Promise<MessageStream> => {
    const stream = bus.stream({ channelId: 'a' });
    stream.write('a secret');
    await until(async () => (await bus.admin.stats())['readers'] === 1 && (await bus.admin.channels('a')).length === 1);
    await quiet();
    return stream;
  };

  test('that was aborted takes what it had written from disk, too', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    const stream = await under(bus);
    stream.abort();
    await until(async () => (await onDisk(log)).includes('a secret'));
    await bus.deleteMessage(stream.id, 'a');
    expect(await onDisk(log)).not.toContain('a secret');
  });

  test('by the id of its end takes all of it', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    const stream = await under(bus);
    const end = await stream.close();
    await bus.deleteMessage(end.id, 'a');
    expect(await onDisk(log)).not.toContain('a secret');
    const view = bus.live('a');
    await bus.send({ channelId: 'a', content: 'after' });
    await until(() => view.getSnapshot().length > 0);
    expect(view.getSnapshot().map(({ content }) => content)).toEqual(['after']);
  });

  test('that is under way stops its writer, and nothing of it is stored later', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    const stream = await under(bus);
    await bus.deleteMessage(stream.id, 'a');
    await until(() => stream.signal.aborted);
    expect(await failure(stream.close())).toMatchObject({ code: 'STREAM_ABORTED' });
    await quiet();
    expect(await onDisk(log)).not.toContain('a secret');
  });
});
