// What a message may contain, and that it arrives as it was when it was sent.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Message } from 'busline/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { messagesOf } from '../../src/core/block.ts';
import type { Block, Header } from '../../src/core/block.ts';
import { contents, encodedLog, failure, heard } from './support.ts';

const buses = [
  ['in this process', () => new MessageBusCore()],
  ['encoded', () => new MessageBusCore({ log: encodedLog() })],
] as const;

async function arrived(bus: MessageBusCore, content: unknown): Promise<unknown> {
  const got = heard(bus, 'a');
  await bus.send({ channelId: 'a', content });
  return got[0]?.content;
}

const text = (error: Record<string, unknown>): string => String(error['message']);

describe.each(buses)('content (%s)', (_, create) => {
  test('may be any JSON with binary anywhere inside', { timeout: 60_000 }, async () => {
    const bytes = fc.uint8Array({ maxLength: 50 });
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.boolean(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
        fc.string({ unit: 'grapheme' }),
        bytes,
        fc.array(tie('json')),
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'bytes', 'constructor', '0')), tie('json')),
      ),
    }));
    const metadata = fc.dictionary(fc.string(), json);
    const attachments = fc.array(fc.record({ id: fc.string(), name: fc.string(), mediaType: fc.string(), bytes }));
    await fc.assert(
      fc.asyncProperty(json, metadata, attachments, async (content, more, attached) => {
        const bus = create();
        const sent = await bus.send({ channelId: 'a', content, metadata: more as never, attachments: attached });
        const [got] = (await bus.history('a')) as [Message];
        expect([sent.content, sent.metadata, sent.attachments]).toEqual([content, more, attached]);
        expect([got.content, got.metadata, got.attachments]).toEqual([content, more, attached]);
      }),
    );
  });

  test.each([65_535, 65_536, 65_537, 200_000])('may hold %i bytes, inside others', async (length) => {
    const bytes = Uint8Array.from({ length }, (_byte, at) => (at * 31) % 256);
    const got = (await arrived(create(), { list: [1, { bytes }], also: bytes, n: 1 })) as {
      list: [number, { bytes: Uint8Array }];
      also: Uint8Array;
    };
    for (const copy of [got.list[1].bytes, got.also]) {
      expect(copy).toBeInstanceOf(Uint8Array);
      expect(copy.length === length && copy.every((byte, at) => byte === bytes[at])).toBe(true);
    }
  });

  test('may be nested to 64 levels', async () => {
    let deep: unknown = 'here';
    for (let level = 0; level < 64; level++) deep = level % 2 === 0 ? [deep] : { deep };
    expect(await arrived(create(), deep)).toEqual(deep);
    const error = await failure(create().send({ channelId: 'a', content: [[deep]] }));
    expect(error['code']).toBe('NOT_ENCODABLE');
    expect(text(error)).toContain('is nested deeper than 64 levels, or contains itself.');
  });

  test('loses members that are undefined, as JSON does', async () => {
    expect(Object.keys((await arrived(create(), { a: 1, b: undefined })) as object)).toEqual(['a']);
  });

  test('may come from an object without prototype', async () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1 });
    expect(await arrived(create(), bare)).toEqual({ a: 1 });
  });

  test('is what it was when it was sent, whatever becomes of the sender’s object', async () => {
    const bus = create();
    const small = new Uint8Array([1, 2, 3]);
    const large = new Uint8Array(100_000).fill(1);
    const buffer = Buffer.from([1, 2, 3]);
    const content = { list: [1], nested: { text: 'old' }, small, large, buffer };
    const metadata: Record<string, string> = { k: 'old' };
    const sending = bus.send({ channelId: 'a', content, metadata });
    content.list.push(2);
    content.nested.text = 'new';
    metadata['k'] = 'new';
    for (const bytes of [small, large, buffer]) bytes.fill(9);
    await sending;
    const [got] = (await bus.history('a')) as [Message<typeof content>];
    expect(got.content.list).toEqual([1]);
    expect(got.content.nested).toEqual({ text: 'old' });
    expect(got.metadata).toEqual({ k: 'old' });
    expect([...got.content.small]).toEqual([1, 2, 3]);
    expect([...got.content.buffer]).toEqual([1, 2, 3]);
    expect(got.content.large.every((byte) => byte === 1)).toBe(true);
  });

  class Point {
    x = 1;
  }
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = { again: cyclic };
  const nameless = (() =>
    class {
      readonly y = 1;
    })();
  // eslint-disable-next-line no-sparse-arrays
  const sparse: unknown[] = [, ''];

  test.each<[string, unknown, string]>([
    [
      'a Date',
      { when: new Date() },
      'send: "content.when" is a Date object; only plain objects, arrays and Uint8Array',
    ],
    ['a Map', [new Map()], 'send: "content[0]" is a Map object;'],
    ['a bigint', { a: [{ b: 1n }] }, 'send: "content.a[0].b" is a bigint, which cannot be sent.'],
    ['NaN', { a: NaN }, 'send: "content.a" is NaN, which JSON cannot say.'],
    ['Infinity', -Infinity, 'send: "content" is -Infinity, which JSON cannot say.'],
    ['a function', () => 1, 'send: "content" is a function, which cannot be sent.'],
    ['a symbol', { s: Symbol('s') }, 'send: "content.s" is a symbol, which cannot be sent.'],
    ['undefined in an array', [1, undefined], 'send: "content[1]" is undefined, which cannot be sent.'],
    ['a hole in an array', sparse, 'send: "content[0]" is undefined, which cannot be sent.'],
    ['a class instance', { p: new Point() }, 'send: "content.p" is a Point object;'],
    ['an instance without a name', { p: new nameless() }, 'send: "content.p" is a class object;'],
    ['another typed array', new Float32Array(2), 'send: "content" is a Float32Array object;'],
    [
      'an object that encodes itself',
      { o: { toJSON: () => 1 } },
      'send: "content.o" is an object with a toJSON method.',
    ],
    ['a cycle', cyclic, 'send: "content.self.again.self.again'],
  ])('that is or holds %s is refused, by its path', async (_name, content, says) => {
    const bus = create();
    const error = await failure(bus.send({ channelId: 'a', content }));
    expect(error['code']).toBe('NOT_ENCODABLE');
    expect(text(error).slice(0, says.length)).toBe(says);
    expect(await bus.history('a')).toEqual([]);
  });

  test('is checked in metadata and attachments, too', async () => {
    const metadata = { tags: [new Set()] } as never;
    expect(text(await failure(create().send({ channelId: 'a', content: 1, metadata })))).toContain(
      '"metadata.tags[0]"',
    );
    const attachments = [{ id: '1', name: 'n', mediaType: 'm', bytes: 5n }] as never;
    const error = await failure(create().send({ channelId: 'a', content: 1, attachments }));
    expect(text(error)).toContain('"attachments[0].bytes"');
  });
});

describe('a block that cannot be read', () => {
  const header: Header = {
    v: 1,
    kind: 'data',
    channelId: 'a',
    serverId: 'local',
    authorId: 'x',
    count: 1,
    firstId: '01a00000-0000-7000-8000-000000000000',
    createdAt: 1,
    codec: 'json',
  };
  const bodies: [string, string, Uint8Array[]?][] = [
    ['is no JSON', '[{'],
    ['is no list', '{}'],
    ['holds another number of messages', '[{"content":1},{"content":2}]'],
    ['names binary where none is', '[{"content":{"a":1},"bytes":[["content","b"]]}]'],
    ['names binary inside a text', '[{"content":"abc","bytes":[["content","0","x"]]}]'],
    ['names a buffer that did not come', '[{"content":1,"bytes":[["content"]]}]', [new Uint8Array(1)]],
    ['names binary nowhere', '[{"content":1,"bytes":[[]]}]'],
    ['reaches for a prototype', '[{"content":{},"bytes":[["content","__proto__","x"]]}]'],
    ['holds broken base64', '[{"content":"§","bytes":[["content"]]}]'],
  ];

  test.each(bodies)('because it %s is passed over, counted and reported', async (_, json, buffers) => {
    const log = new MemoryLog();
    const bus = new MessageBusCore({ log });
    const errors: unknown[] = [];
    bus.on('error', (error) => errors.push(error));
    const got = heard(bus, 'a');
    await log.append([{ block: { header, json, ...(buffers && { buffers }) } }]);
    await bus.send({ channelId: 'a', content: 'good' });
    expect(contents(got)).toEqual(['good']);
    expect(errors).toEqual([expect.objectContaining({ code: 'MALFORMED_BLOCK' })]);
    expect(text(errors[0] as never)).toMatch(/^A block of channel "a" cannot be read\./);
    expect(await bus.admin.stats()).toMatchObject({ error: 1 });
    expect(contents(await bus.history('a'))).toEqual(['good']);
  });

  test('sets nothing but what a message may set of its own', () => {
    const json = '[{"content":1,"authorId":"forged","offset":99,"version":7,"topic":"t"}]';
    const [message] = messagesOf({ header, json } satisfies Block, 5);
    expect(message).toMatchObject({ authorId: 'x', offset: 5, version: 1, topic: 't' });
  });
});
