// Messages in the making: one text for all who read it, whatever is lost on the way, and an end in any case.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Log, Message, MessageBus, MessageStream, ReadableMessage } from 'busline/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../src/core/block.ts';
import { messagesOf } from '../../src/core/block.ts';
import { HostedBus } from '../../src/core/bus.ts';
import { busError } from '../../src/core/errors.ts';
import type { InnerStreamOptions } from '../../src/core/inside.ts';
import { LogHost } from '../../src/core/log-host.ts';
import type { RemoteHost } from '../../src/protocol/remote-host.ts';
import { Succession } from '../protocol/support.ts';
import { readAll } from '../../src/testing/log-setup.ts';
import { contents, failure, heard, HeldHost, inner, numbers, quiet, testPlatform, until } from './support.ts';

/** Every stream that is seen, and what is read of each. */
class Seen {
  readonly streams: ReadableMessage[] = [];
  readonly parts: string[][] = [];
  readonly ends: unknown[] = [];

  readonly take = (stream: ReadableMessage): void => {
    const at = this.streams.push(stream) - 1;
    this.parts.push([]);
    void this.#read(stream, at);
  };

  get texts(): readonly string[] {
    return this.parts.map((parts) => parts.join(''));
  }

  async #read(stream: ReadableMessage, at: number): Promise<void> {
    try {
      for await (const part of stream) this.parts[at]?.push(part);
      this.ends[at] = await stream.done;
    } catch (error) {
      this.ends[at] = (error as { code: string }).code;
    }
  }
}

async function seen(bus: Pick<MessageBus, 'streams'>, channel = 'a'): Promise<Seen> {
  const made = new Seen();
  await bus.streams(channel, made.take).ready;
  return made;
}

/** All that is stored in a channel, the bus's own messages too. */
async function stored(log: Log, channelId = 'a'): Promise<readonly Message[]> {
  return (await readAll(log, channelId)).flatMap((block) => messagesOf(block, block.offset));
}

const typesOf = (messages: readonly Message[]): string[] => messages.map(({ type }) => type);

/** A host in this process of which a test may lose messages, and the type of what it casts. */
class LossyHost extends LogHost {
  readonly casts: string[] = [];
  loses: (type: string) => boolean = () => false;

  constructor(log: Log = new MemoryLog()) {
    super(log, { host: 'process', why: '', durability: 'memory' });
  }

  override cast(block: Block): void {
    const [{ type } = { type: '' }] = messagesOf(block, 0);
    this.casts.push(type);
    if (!this.loses(type)) super.cast(block);
  }
}

/** A stream that has begun: its writer would answer. */
async function begun(bus: MessageBus | HostedBus, options?: InnerStreamOptions): Promise<MessageStream> {
  const stream = bus.stream({ channelId: 'a' }, options);
  const [there] = [new Seen()];
  const stop = (bus as MessageBus).streams('a', there.take);
  await until(() => there.streams.some(({ id }) => id === stream.id));
  stop();
  return stream;
}

describe('a stream', () => {
  test('is one text in every tab, and one message when it ends', async () => {
    const bus = new MessageBusCore({ platform: testPlatform() });
    const messages = heard(bus, 'a');
    const first = await seen(bus);
    const stream = bus.stream({ channelId: 'a', type: 'answer', topic: 'weather', inReplyTo: 'q' });
    await until(() => first.streams.length === 1);
    expect(first.streams[0]?.message).toMatchObject({
      id: stream.id,
      type: 'answer',
      topic: 'weather',
      inReplyTo: 'q',
    });
    stream.write('It ');
    stream.write('will ');
    const second = await seen(bus, '*');
    await until(() => second.streams.length === 1);
    expect(second.parts).toEqual([['It will ']]);
    stream.write('rain.');
    const end = await stream.close();
    await until(() => first.ends.length + second.ends.length === 2);
    expect(end).toMatchObject({ type: 'answer', topic: 'weather', inReplyTo: 'q', content: 'It will rain.' });
    expect(messages).toEqual([end]);
    expect(first.parts).toEqual([['It will ', 'rain.']]);
    expect(second.parts).toEqual([['It will ', 'rain.']]);
    expect([first.ends, second.ends]).toEqual([[end], [end]]);
    expect(first.streams[0]?.text).toBe('It will rain.');
    expect(await bus.history('a')).toEqual([end]);
  });
});

describe('readers of a stream', () => {
  test('see the same text, come they late or through a change of host', async () => {
    const succession = new Succession();
    const [writer, early, late] = [succession.bus('writer'), succession.bus('early'), succession.bus('late')];
    const seeing = [await seen(early), await seen(early, '*')];
    const stream = await begun(writer);
    stream.write('one ');
    await until(() => seeing.every(({ texts }) => texts[0] === 'one '));
    seeing.push(await seen(late));
    stream.write('two ');
    succession.host.die();
    stream.write('three ');
    await until(() => succession.host.isAlive);
    await until(() => seeing.every(({ texts }) => texts[0] === 'one two three '));
    stream.write('four');
    const end = await stream.close();
    await until(() => seeing.every(({ ends }) => ends.length === 1));
    for (const { texts, ends } of seeing) expect([texts, ends]).toEqual([['one two three four'], [end]]);
    expect(end.content).toBe('one two three four');
  });

  test('get whole what they got with gaps, and ask once for it', async () => {
    const host = new LossyHost();
    const bus = new HostedBus(host, { platform: testPlatform() });
    const reader = await seen(bus);
    const stream = await begun(bus);
    let lost = 0;
    host.loses = (type) => type === 'busline.delta' && ++lost <= 2;
    for (const delta of ['one ', 'two ', 'three ']) {
      stream.write(delta);
      await quiet();
    }
    expect(reader.parts).toEqual([['one two three ']]);
    expect(host.casts.filter((type) => type === 'busline.ask')).toHaveLength(3);
    await stream.close();
  });

  test('ask again after a while if nobody answered', async () => {
    const host = new LossyHost();
    const platform = testPlatform();
    const bus = new HostedBus(host, { platform });
    const reader = await seen(bus);
    const stream = await begun(bus);
    host.loses = () => true;
    stream.write('one ');
    await quiet();
    host.loses = (type) => type === 'busline.ask';
    for (const delta of ['two ', 'three ']) {
      stream.write(delta);
      await quiet();
    }
    host.loses = () => false;
    stream.write('four ');
    await quiet();
    expect(reader.texts).toEqual(['']);
    platform.advance(1000);
    stream.write('five');
    await quiet();
    expect(reader.texts).toEqual(['one two three four five']);
  });

  test('get from its end what they missed, unless the end is something else', async () => {
    const host = new LossyHost();
    const bus = new HostedBus(host);
    const reader = await seen(bus);
    const streams = [await begun(bus), await begun(bus)] as const;
    for (const stream of streams) stream.write('one ');
    await quiet();
    host.loses = () => true;
    for (const stream of streams) stream.write('two');
    await quiet();
    await Promise.all([streams[0].close(), streams[1].close({ words: 2 })]);
    await quiet();
    expect(reader.texts).toEqual(['one two', 'one ']);
    expect(contents(reader.ends as Message[])).toEqual(['one two', { words: 2 }]);
  });

  test('may begin again with the same stream, and stop reading before its end', async () => {
    const bus = new MessageBusCore();
    const reader = await seen(bus);
    const stream = await begun(bus);
    stream.write('one ');
    await quiet();
    const [readable] = reader.streams as [ReadableMessage];
    for await (const part of readable) {
      expect(part).toBe('one ');
      break;
    }
    stream.write('two');
    await stream.close();
    const again: string[] = [];
    for await (const part of readable) again.push(part);
    expect(again).toEqual(['one two']);
  });

  test('ask its writer to stop, who then ends it', async () => {
    const bus = new MessageBusCore();
    const reader = await seen(bus);
    const stream = await begun(bus);
    stream.signal.addEventListener('abort', () => void stream.close());
    stream.write('so far');
    await quiet();
    reader.streams[0]?.stop();
    expect(await reader.streams[0]?.done).toMatchObject({ content: 'so far' });
    expect(stream.signal.aborted).toBe(true);
    reader.streams[0]?.stop();
  });

  test('are heard when they ask to stop while there is no host', async () => {
    const succession = new Succession();
    const [writer, reading] = [succession.bus('writer'), succession.bus('reader')];
    const reader = await seen(reading);
    const stream = await begun(writer);
    stream.write('so far');
    await until(() => reader.texts[0] === 'so far');
    succession.host.die();
    reader.streams[0]?.stop();
    await until(() => stream.signal.aborted);
    expect(await stream.close()).toMatchObject({ content: 'so far' });
  });

  test('learn of a stream by what comes of it, if nobody heard their question', async () => {
    const host = new LossyHost();
    const bus = new HostedBus(host);
    const stream = await begun(bus);
    stream.write('one ');
    await quiet();
    host.loses = (type) => type === 'busline.ask';
    const reader = await seen(bus);
    await quiet();
    expect(reader.streams).toEqual([]);
    host.loses = () => false;
    stream.write('two');
    await quiet();
    expect(reader.texts).toEqual(['one two']);
    stream.abort();
  });

  test('are told when their channel is cleared; what is under way comes again', async () => {
    const bus = new MessageBusCore();
    const reader = await seen(bus);
    const stream = await begun(bus);
    stream.write('so far');
    await quiet();
    await bus.clearChannel('a');
    await until(() => reader.texts[1] === 'so far');
    expect(reader.ends).toEqual(['STREAM_ABORTED']);
    const end = await stream.close();
    await until(() => reader.ends.length === 2);
    expect(reader.ends[1]).toEqual(end);
  });

  test('are told when their subscription stops', async () => {
    const bus = new MessageBusCore();
    const there = new Seen();
    const stopped = bus.streams('a', there.take);
    await stopped.ready;
    expect(Object.keys(stopped.positions())).toEqual(['a']);
    const stream = await begun(bus);
    stopped();
    await until(() => there.ends.length === 1);
    expect(there.ends).toEqual(['CLOSED']);
    stream.abort();
  });

  test('go on when a great many streams have ended', async () => {
    const bus = new MessageBusCore();
    const reader = await seen(bus);
    await Promise.all(numbers(1, 300).map((n) => bus.send({ channelId: 'a', id: `end:${n}`, content: n })));
    const stream = await begun(bus);
    stream.write('one more');
    await stream.close();
    await until(() => reader.ends.length === 1);
    expect(reader.texts).toEqual(['one more']);
  });

  test('that throw harm nobody', async () => {
    const bus = new MessageBusCore();
    const errors: unknown[] = [];
    bus.on('handlerError', ({ message, error }) => errors.push([message.id, error]));
    await bus.streams('a', () => {
      throw new Error('at once');
    }).ready;
    await bus.streams('a', () => Promise.reject(new Error('later'))).ready;
    const stream = await begun(bus);
    await stream.close();
    expect(errors).toEqual([
      [stream.id, new Error('at once')],
      [stream.id, new Error('later')],
    ]);
  });

  test('do not trust what anybody may send', async () => {
    const bus = new MessageBusCore();
    const reader = await seen(bus);
    const stream = await begun(bus);
    const delta = { streamId: stream.id, run: 1, index: 0, delta: 'x' };
    const message = { id: 'x', channelId: 'a', authorId: 'x', type: 'text', timestamp: 1, offset: 1 };
    const forged: unknown[] = [
      null,
      'x',
      {},
      { ...delta, index: '0' },
      { streamId: { toString: null, valueOf: null } },
    ];
    for (const part of [null, 'x', {}, { ...message, id: 5 }, { ...message, offset: '1' }])
      forged.push({ ...delta, begin: part }, { ...delta, streamId: 'new', begin: part }, { ...delta, end: part });
    for (const content of forged) {
      for (const type of ['busline.delta', 'busline.ask', 'busline.stream', 'busline.abort'])
        await bus.send({ channelId: 'a', type, content }, { ...inner, ephemeral: true });
    }
    await bus.send({ channelId: 'a', id: `end:${stream.id}`, content: 'forged' }, { ephemeral: true });
    await bus.send({ channelId: 'a', id: 'end:another', content: 'of nothing' });
    await bus.send({ channelId: 'a', type: 'busline.abort', content: 'of nothing' }, inner);
    stream.write('true');
    await stream.close();
    await quiet();
    expect(reader.texts).toEqual(['true']);
  });
});

describe('whatever dies or is lost between any two frames', () => {
  test('every reader reads the same text, and every stream ends once', { timeout: 60_000 }, async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.constant('write' as const) },
      { weight: 4, arbitrary: fc.constant('wait' as const) },
      fc.constant('die' as const),
      fc.constant('read' as const),
    );
    const lives = fc.array(fc.integer({ min: 4, max: 60 }), { maxLength: 8 });
    const ends = fc.constantFrom('close' as const, 'abort' as const, 'kill' as const);
    await fc.assert(
      fc.asyncProperty(lives, fc.array(step, { maxLength: 40 }), ends, async (frames, steps, ending) => {
        const succession = new Succession(frames);
        const [writer, reading] = [succession.bus('writer'), succession.bus('reading')];
        const readers = [await seen(reading), await seen(reading, '*')];
        const stream = await begun(writer);
        let text = '';
        for (const each of steps) {
          if (each === 'wait') await quiet();
          else if (each === 'die') succession.host.die();
          else if (each === 'read') readers.push(await seen(reading));
          else {
            const delta = `${text.length} `;
            text += delta;
            stream.write(delta);
          }
        }
        if (ending === 'close') await stream.close();
        else if (ending === 'abort') stream.abort();
        else succession.kill(succession.clients[0] as RemoteHost);
        await until(() => readers.every((reader) => reader.ends.length === reader.streams.length));
        await until(() => readers.slice(0, 2).every((reader) => reader.ends.length === 1));
        for (const { texts } of readers) {
          // A writer that died may have written more than anybody heard.
          for (const read of texts) expect(ending === 'kill' ? text.startsWith(read) : read === text).toBe(true);
        }
        const types = typesOf(await stored(succession.log));
        expect(types).toEqual(['busline.stream', ending === 'close' ? 'text' : 'busline.abort']);
        expect(await succession.log.records('will:')).toEqual(new Map());
      }),
      { numRuns: 100 },
    );
  });
});

describe('a writer', () => {
  test('tells what was written in one turn as one delta, and answers what is asked in one turn once', async () => {
    const host = new LossyHost();
    const bus = new HostedBus(host);
    await seen(bus);
    const stream = await begun(bus);
    await quiet();
    host.casts.length = 0;
    for (const delta of ['a', 'b', '', 'c']) stream.write(delta);
    await quiet();
    expect(host.casts).toEqual(['busline.delta']);
    const ask = { channelId: 'a', type: 'busline.ask', content: { streamId: stream.id } };
    const options = { ...inner, ephemeral: true };
    await Promise.all([bus.send(ask, options), bus.send(ask, options)]);
    await bus.send({ ...ask, content: { streamId: 'another' } }, options);
    await quiet();
    expect(host.casts.filter((type) => type === 'busline.delta')).toHaveLength(2);
    await stream.close();
  });

  test('sends in pieces what is too long for one message', async () => {
    const bus = new MessageBusCore();
    const reader = await seen(bus);
    const stream = await begun(bus);
    const text = '\u0000€'.repeat(100_000);
    stream.write(text);
    await quiet();
    expect(reader.streams[0]?.text === text).toBe(true);
    stream.abort();
  });

  test('may end it in the turn in which it began, with text or something else', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    const reader = await seen(bus);
    const [first, second] = [bus.stream({ channelId: 'a' }), bus.stream({ channelId: 'a', id: 'mine' })];
    for (const stream of [first, second]) stream.write('all');
    const ends = await Promise.all([first.close(), second.close({ words: 1 })]);
    await until(() => reader.ends.length === 2);
    expect(second.id).toBe('mine');
    expect(reader.texts.toSorted()).toEqual(['all', 'all']);
    expect(contents(ends)).toEqual(['all', { words: 1 }]);
    expect(typesOf(await stored(log)).toSorted()).toEqual(['busline.stream', 'busline.stream', 'text', 'text']);
    expect(await log.records('will:')).toEqual(new Map());
  });

  test('ends it once: what comes later is nothing', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    const stream = await begun(bus);
    stream.write('all');
    const closing = stream.close();
    stream.write(' and more');
    stream.abort();
    expect(stream.close({ other: true })).toBe(closing);
    expect(await closing).toMatchObject({ content: 'all' });
    expect(stream.signal.aborted).toBe(true);
    expect(typesOf(await stored(log))).toEqual(['busline.stream', 'text']);
  });

  test('that gives up leaves what there is, marked as aborted', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    const reader = await seen(bus);
    const stream = await begun(bus);
    stream.write('so far');
    stream.abort('no more');
    stream.write(' and more');
    expect(stream.signal).toMatchObject({ aborted: true, reason: 'no more' });
    expect(await failure(stream.close())).toMatchObject({ code: 'STREAM_ABORTED', cause: 'no more' });
    await until(() => reader.ends.length === 1);
    expect([reader.texts, reader.ends]).toEqual([['so far'], ['STREAM_ABORTED']]);
    expect(await stored(log)).toMatchObject([{ id: stream.id }, { content: 'so far', correlationId: stream.id }]);
    expect(await log.records('will:')).toEqual(new Map());
    expect(await bus.history('a')).toEqual([]);
  });

  test('gives up when its signal aborts, or the bus is closed', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    const abort = new AbortController();
    const [first, second] = [await begun(bus, { signal: abort.signal }), await begun(bus)];
    abort.abort('enough');
    expect(first.signal).toMatchObject({ aborted: true, reason: 'enough' });
    second.write('so far');
    await bus.close();
    expect(second.signal.aborted).toBe(true);
    expect(await stored(log)).toMatchObject([
      { id: first.id },
      { id: second.id },
      { content: '', correlationId: first.id },
      { content: 'so far', correlationId: second.id },
    ]);
  });

  test('stores nothing if it was stopped before it began', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    const stream = bus.stream({ channelId: 'a' }, { signal: AbortSignal.abort('early') });
    stream.write('nothing');
    expect(await failure(stream.close())).toMatchObject({ code: 'STREAM_ABORTED', cause: 'early' });
    const late = bus.stream({ channelId: 'a' });
    await bus.close();
    expect(await failure(late.close())).toMatchObject({ code: 'STREAM_ABORTED' });
    expect(await stored(log)).toEqual([]);
  });

  test('is told what is wrong with its input, and with its end', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    expect(await failure(() => bus.stream({ channelId: '' }))).toMatchObject({ code: 'INVALID_CHANNEL' });
    expect(await failure(() => bus.streams('', () => undefined))).toMatchObject({ code: 'INVALID_CHANNEL' });
    for (const wrong of [{ authorId: '' }, { hops: -1 }, { type: 'busline.stream' }]) {
      const stream = bus.stream({ channelId: 'a', ...wrong });
      expect(await failure(stream.close())).toMatchObject({ code: 'INVALID_INPUT' });
    }
    expect(await stored(log)).toEqual([]);
    const reader = await seen(bus);
    const stream = await begun(bus);
    expect(await failure(stream.close((() => undefined) as never))).toMatchObject({ code: 'NOT_ENCODABLE' });
    await until(() => reader.ends.length === 1);
    expect(reader.ends).toEqual(['STREAM_ABORTED']);
  });
});

test('a stream that was given up before its beginning was refused stays so', async () => {
  const host = new HeldHost();
  const stream = new HostedBus(host).stream({ channelId: 'a' });
  await until(() => host.pushed.length === 1);
  stream.abort('no more');
  host.pushed[0]?.fail(busError('STORAGE_FULL', 'Full.'));
  expect(await failure(stream.close())).toMatchObject({ code: 'STREAM_ABORTED', cause: 'no more' });
});

describe('a stream whose writer dies', () => {
  test('is aborted by the host, once, with the text of a second ago', async () => {
    const succession = new Succession();
    const [writer, reading] = [succession.bus('writer'), succession.bus('reader')];
    const reader = await seen(reading);
    const stream = await begun(writer);
    stream.write('so far');
    await until(() => reader.texts[0] === 'so far');
    succession.platforms[0]?.advance(1000);
    stream.write(', and further');
    await until(() => reader.texts[0] === 'so far, and further');
    const { clientId } = succession.clients[0] as RemoteHost;
    succession.kill(succession.clients[0] as RemoteHost);
    succession.host.host.gone(clientId);
    await until(() => reader.ends.length === 1);
    expect(reader.ends).toEqual(['STREAM_ABORTED']);
    expect(reader.texts).toEqual(['so far, and further']);
    expect(await stored(succession.log)).toMatchObject([
      { id: stream.id },
      { content: 'so far', correlationId: stream.id, type: 'busline.abort', authorId: 'writer' },
    ]);
  });

  test('is aborted by the next host, if its own died before', async () => {
    const succession = new Succession();
    const [writer, reading] = [succession.bus('writer'), succession.bus('reader')];
    const reader = await seen(reading);
    const stream = await begun(writer);
    const before = succession.host;
    before.die();
    await until(() => succession.host !== before);
    succession.kill(succession.clients[0] as RemoteHost);
    await until(() => reader.ends.length === 1);
    expect(reader.ends).toEqual(['STREAM_ABORTED']);
    expect(await stored(succession.log)).toMatchObject([
      { id: stream.id },
      { type: 'busline.abort', correlationId: stream.id },
    ]);
  });

  test('is ended by its writer, whatever became of its host', async () => {
    const succession = new Succession();
    const stream = await begun(succession.bus('writer'));
    succession.host.die();
    stream.write('all');
    const end = await stream.close();
    expect(end.content).toBe('all');
    succession.kill(succession.clients[0] as RemoteHost);
    await quiet();
    expect(typesOf(await stored(succession.log))).toEqual(['busline.stream', 'text']);
    expect(await succession.log.records('will:')).toEqual(new Map());
  });
});

describe('a stream that another writer begins anew', () => {
  test('is one that starts again, under the same id', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    const reader = await seen(bus);
    const first = bus.stream({ channelId: 'a', id: 'answer' });
    first.write('half');
    await until(() => reader.texts[0] === 'half');
    const options: InnerStreamOptions = { run: 2 };
    const second = bus.stream({ channelId: 'a', id: 'answer' }, options);
    second.write('whole');
    await until(() => reader.texts[1] === 'whole');
    first.write(' and too late');
    await quiet();
    first.abort();
    await quiet();
    const end = await second.close();
    await until(() => reader.ends.length === 2);
    expect(reader.texts).toEqual(['half', 'whole']);
    expect(reader.ends).toEqual(['STREAM_ABORTED', end]);
    expect(reader.streams.map(({ id }) => id)).toEqual(['answer', 'answer']);
    expect(typesOf(await stored(log))).toEqual(['busline.stream', 'busline.abort', 'text']);
    expect(await log.records('will:')).toEqual(new Map());
  });

  test('has a will again, and is still ended when its end is stored already', async () => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    const first = await begun(bus);
    const end = await first.close('all');
    const options: InnerStreamOptions = { run: 2 };
    const reader = await seen(bus);
    const second = bus.stream({ channelId: 'a', id: first.id }, options);
    second.write('al');
    while ((await log.records('will:')).size === 0) await quiet();
    expect(reader.streams).toHaveLength(1);
    expect(await second.close('other')).toEqual(end);
    await until(() => reader.ends.length === 1);
    expect(reader.ends).toEqual([end]);
    expect(await log.records('will:')).toEqual(new Map());
  });
});
