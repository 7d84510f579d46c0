// All channels as a file, and back.
import { MemoryLog, MessageBusCore } from 'busline/core';
import type { Log, MessageBus } from 'busline/core';
import { describe, expect, test } from 'vitest';
import { contents, encodedLog, failure, numbers, quiet, sendBlock, until, wrapped } from './support.ts';

type Imported = Awaited<ReturnType<MessageBus['admin']['importFrom']>>;

async function* pieces(chunks: readonly (Uint8Array | string)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
}

async function exported(bus: MessageBus): Promise<string> {
  const chunks: Uint8Array[] = [];
  await bus.admin.exportTo((chunk) => void chunks.push(chunk));
  return Buffer.concat(chunks).toString();
}

const imported = (bus: MessageBus, file: string): Promise<Imported> => bus.admin.importFrom(pieces([file]));

type Lines = { [key: string]: unknown }[];
const linesOf = (file: string): Lines =>
  file
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Lines[number]);
const fileOf = (lines: readonly unknown[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

const inline = new Uint8Array([1, 2, 255]);
const large = new Uint8Array(100_000).fill(7);

/** A bus that holds a bit of everything. */
async function filled(log: Log = new MemoryLog()): Promise<MessageBusCore> {
  const bus = new MessageBusCore({ log, author: { id: 'ann', name: 'Ann' } });
  await sendBlock(bus, 'plain', [1, 'zwei ☃🚌', { three: [3, null] }]);
  const [, gone] = await sendBlock(bus, 'cut', ['stays', 'goes', 'stays too']);
  await bus.deleteMessage(gone?.id as string, 'cut');
  await bus.send({ channelId: 'binary', content: { inline, large } });
  await bus.send({
    channelId: 'keys',
    content: 'keyed',
    id: 'telegram:1',
    topic: 'x',
    metadata: { a: 1 },
    priority: 'high',
  });
  await bus.send({ channelId: 'keys', content: 'late', ttl: 1e9, correlationId: 'c', to: 'bob', hops: 2 });
  await bus.admin.describe('plain', { name: 'Plain', metadata: { icon: '🚌' } });
  await bus.admin.describe('empty', { topic: 'nothing yet' });
  return bus;
}

async function all(bus: MessageBus): Promise<unknown> {
  const channels = await bus.admin.channels();
  return Object.fromEntries(
    await Promise.all(
      channels
        .toSorted((a, b) => (a.channelId < b.channelId ? -1 : 1))
        .map(async ({ channelId, name, topic, metadata }) => {
          const messages = await bus.history(channelId);
          return [
            channelId,
            { name, topic, metadata, messages: messages.map((message) => ({ ...message, offset: 0 })) },
          ];
        }),
    ),
  );
}

describe.each<[string, () => Log]>([
  ['a log that keeps messages as they are', () => new MemoryLog()],
  ['a log whose blocks are encoded', () => encodedLog()],
])('from %s', (_name, log) => {
  test.each<[string, () => Log]>([
    ['another', () => new MemoryLog()],
    ['one whose blocks are encoded', () => encodedLog()],
  ])(
    'a file brings all of it to %s: contents, binary, ids, keys, descriptions; what was deleted stays so',
    async (_other, to) => {
      const from = await filled(log());
      const file = await exported(from);
      const bus = new MessageBusCore({ log: to() });
      expect(await imported(bus, file)).toEqual({ imported: 8, known: 0 });
      expect(await all(bus)).toEqual(await all(from));
      expect(contents(await bus.history('cut'))).toEqual(['stays', 'stays too']);
      // The key is one here, too.
      const again = await bus.send({ channelId: 'keys', content: 'other', id: 'telegram:1' });
      expect(again).toMatchObject({ offset: 1 });
      expect(await bus.history('keys')).toHaveLength(2);
    },
  );

  test('importing it twice, or where it came from, changes nothing', async () => {
    const from = await filled(log());
    const file = await exported(from);
    expect(await imported(from, file)).toEqual({ imported: 0, known: 8 });
    const bus = new MessageBusCore();
    await imported(bus, file);
    await bus.send({ channelId: 'plain', content: 'since then' });
    const before = await all(bus);
    expect(await imported(bus, file)).toEqual({ imported: 0, known: 8 });
    expect(await imported(bus, await exported(bus))).toEqual({ imported: 0, known: 9 });
    expect(await all(bus)).toEqual(before);
  });

  test('what was cleared comes back, and what was deleted since does not', async () => {
    const bus = await filled(log());
    const file = await exported(bus);
    const [first] = await bus.history('plain');
    await bus.deleteMessage(first?.id as string, 'plain');
    await bus.clearChannel('keys');
    expect(await imported(bus, file)).toEqual({ imported: 2, known: 6 });
    expect(contents(await bus.history('keys'))).toEqual(['keyed', 'late']);
    expect(await bus.history('plain')).toHaveLength(2);
  });
});

describe('an export', () => {
  test('says how many messages it holds, waits for what `write` returns, and is text, line by line', async () => {
    const bus = await filled();
    let writing = 0;
    const written: Uint8Array[] = [];
    const result = await bus.admin.exportTo(async (chunk) => {
      writing += 1;
      expect(writing).toBe(1);
      await quiet();
      written.push(chunk);
      writing -= 1;
    });
    expect(result).toEqual({ messages: 8 });
    const lines = linesOf(Buffer.concat(written).toString());
    expect(lines[0]).toEqual({ busline: 'export', format: 1, exportedAt: expect.any(Number) });
    expect(lines.at(-1)).toEqual({ end: { blocks: 5, messages: 8 } });
    expect(lines.filter((line) => 'channel' in line)).toHaveLength(5);
    expect(JSON.stringify(lines)).not.toContain('"goes"');
    expect(JSON.stringify(lines)).not.toContain('producerId');
  });

  test('of nothing is a file, too', async () => {
    const file = await exported(new MessageBusCore());
    expect(linesOf(file)).toHaveLength(2);
    expect(await imported(new MessageBusCore(), file)).toEqual({ imported: 0, known: 0 });
  });

  test('goes through more than one page', async () => {
    const bus = new MessageBusCore();
    for (let block = 0; block < 30; block++) await sendBlock(bus, 'a', numbers(1, 256));
    const file = await exported(bus);
    const other = new MessageBusCore();
    expect(await imported(other, file)).toEqual({ imported: 7680, known: 0 });
    expect(await imported(other, file)).toEqual({ imported: 0, known: 7680 });
  });

  test('ends with what `write` throws', async () => {
    const bus = await filled();
    let calls = 0;
    const error = await failure(
      bus.admin.exportTo(() => {
        calls += 1;
        throw new Error('disk full');
      }),
    );
    expect([error['message'], calls]).toEqual(['disk full', 1]);
  });

  test('of a channel that is cleared meanwhile goes on', async () => {
    const bus = await filled();
    const chunks: string[] = [];
    await bus.admin.exportTo(async (chunk) => {
      const text = Buffer.from(chunk).toString();
      chunks.push(text);
      if (text.includes('"channelId":"keys"') && text.includes('"channel"')) await bus.clearChannel('keys');
    });
    expect(linesOf(chunks.join('')).at(-1)).toMatchObject({ end: { messages: 6 } });
  });

  test('ends where the log gives nothing more', async () => {
    const memory = new MemoryLog();
    await sendBlock(new MessageBusCore({ log: memory }), 'a', [1]);
    const read: Log['read'] = async (...asked) => ({ ...(await memory.read(...asked)), blocks: [] });
    const bus = new MessageBusCore({ log: wrapped(memory, { read }) });
    expect(await bus.admin.exportTo(() => undefined)).toEqual({ messages: 0 });
  });
});

describe('an import', () => {
  test('takes its file in any pieces, also cut inside a character', async () => {
    const from = await filled();
    const bytes = new TextEncoder().encode(await exported(from));
    const cuts = [1, 3, 4096].map((size) =>
      Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size)),
    );
    for (const chunks of [...cuts, [bytes, new Uint8Array()]]) {
      const bus = new MessageBusCore();
      expect(await bus.admin.importFrom(pieces(chunks))).toMatchObject({ imported: 8 });
      expect(await all(bus)).toEqual(await all(from));
    }
  });

  test('takes a file without a last line end, with empty lines, with carriage returns and what a later build adds', async () => {
    const lines = linesOf(await exported(await filled()));
    lines.splice(2, 0, { comment: 'from the future' });
    const file = fileOf(lines).replaceAll('\n', '\r\n\n').trimEnd();
    expect(await imported(new MessageBusCore(), `\uFEFF${file}`)).toEqual({ imported: 8, known: 0 });
  });

  test('of the same file from two places at once brings each message once', async () => {
    const from = new MessageBusCore();
    for (let block = 0; block < 200; block++) await sendBlock(from, block % 2 === 0 ? 'a' : 'b', [block, block]);
    const file = await exported(from);
    const bus = new MessageBusCore();
    const results = await Promise.all([imported(bus, file), imported(bus, file), imported(bus, file)]);
    expect(results.reduce((sum, { imported: count }) => sum + count, 0)).toBe(400);
    expect(results.reduce((sum, { known }) => sum + known, 0)).toBe(800);
    expect(await all(bus)).toEqual(await all(from));
  });

  test('brings a block once that stands in the file twice', async () => {
    const lines = linesOf(await exported(await filled()));
    lines.splice(-1, 1, { end: { blocks: 10, messages: 16 } });
    const file = fileOf(lines.flatMap((line) => ('block' in line ? [line, line] : [line])));
    const bus = new MessageBusCore();
    expect(await imported(bus, file)).toEqual({ imported: 8, known: 8 });
    expect(await bus.history('plain')).toHaveLength(3);
  });

  test('takes the blocks of all channels in any order', async () => {
    const from = new MessageBusCore();
    for (const content of [1, 2, 3]) for (const channelId of ['a', 'b']) await from.send({ channelId, content });
    const [head, , a1, a2, a3, , b1, b2, b3, end] = linesOf(await exported(from));
    const file = fileOf([head, a1, b1, a2, b2, a2, b3, a3, { end: { blocks: 7, messages: 7 } }]);
    expect(end).toEqual({ end: { blocks: 6, messages: 6 } });
    const bus = new MessageBusCore();
    expect(await imported(bus, file)).toEqual({ imported: 6, known: 1 });
    expect(await imported(bus, file)).toEqual({ imported: 0, known: 7 });
    expect(await all(bus)).toEqual(await all(from));
  });

  test('is heard by who listens, and is work for groups', async () => {
    const file = await exported(await filled());
    const bus = new MessageBusCore();
    const [heard, done]: [unknown[], unknown[]] = [[], []];
    bus.subscribe('plain', ({ content }) => heard.push(content));
    bus.consume('keys', { group: 'w' }, ({ content }) => void done.push(content));
    await quiet();
    await imported(bus, file);
    await until(() => done.length === 2);
    expect(heard).toHaveLength(3);
    expect(done).toEqual(['keyed', 'late']);
  });

  test('keeps what was said of a channel that the file says nothing of', async () => {
    const file = await exported(await filled());
    const bus = new MessageBusCore();
    await bus.admin.describe('plain', { name: 'Mine', topic: 'mine' });
    await imported(bus, file);
    expect((await bus.admin.channels('plain'))[0]).toMatchObject({ name: 'Plain', topic: 'mine' });
  });

  test('that the log refuses says so, and can be done again', async () => {
    const file = await exported(await filled());
    const memory = new MemoryLog();
    let isFull = true;
    const full = { kind: 'refused', code: 'STORAGE_FULL', why: 'No room.' } as const;
    const append: Log['append'] = (entries) =>
      isFull ? Promise.resolve(entries.map(() => full)) : memory.append(entries);
    const bus = new MessageBusCore({ log: wrapped(memory, { append }) });
    expect(await failure(imported(bus, file))).toMatchObject({ code: 'STORAGE_FULL', retryable: true });
    isFull = false;
    expect(await imported(bus, file)).toEqual({ imported: 8, known: 0 });
  });
});

describe('a file that is damaged', () => {
  const at = (line: number, why: string): RegExp => new RegExp(`^importFrom: line ${line}: ${why}`);

  async function refused(file: string | readonly (Uint8Array | string)[]): Promise<{ error: object; bus: MessageBus }> {
    const bus = new MessageBusCore();
    const chunks = typeof file === 'string' ? [file] : file;
    const error = await failure(bus.admin.importFrom(pieces(chunks)));
    expect(error).toMatchObject({ code: 'IMPORT_FAILED', retryable: false });
    return { error, bus };
  }

  test.each<[string, string, RegExp]>([
    ['nothing at all', '', at(1, 'the file ends early')],
    ['something else', 'PK\u0003\u0004 a zip\n', at(1, 'this is no export of a bus\\.')],
    ['other JSON', '{"name":"package"}\n', at(1, 'this is no export of a bus\\.')],
    ['a list', '[1,2]\n', at(1, 'it is no object\\.')],
    ['null', 'null\n', at(1, 'it is no object\\.')],
    ['another format', '{"busline":"export","format":2}\n', at(1, 'its format is 2, not 1\\.')],
  ])('%s is refused', async (_, file, message) => {
    const { error } = await refused(file);
    expect((error as Error).message).toMatch(message);
  });

  test('chunks that are no bytes are refused', async () => {
    async function* texts(): AsyncGenerator<never> {
      yield 'text' as never;
    }
    const error = await failure(new MessageBusCore().admin.importFrom(texts()));
    expect(error).toMatchObject({ code: 'IMPORT_FAILED' });
    expect(error['message']).toMatch(at(1, 'it does not come as Uint8Array\\.'));
  });

  type Change = (line: Record<string, unknown>) => unknown;
  const header =
    (more: object): Change =>
    ({ block }) => {
      const old = block as { header: object };
      return { block: { ...old, header: { ...old.header, ...more } } };
    };
  const block =
    (more: object): Change =>
    (line) => ({ block: { ...(line['block'] as object), ...more } });

  test.each<[string, Change | string, string]>([
    ['half a line', '{"block":{"header":', 'it is damaged'],
    ['a line that is no object', '5', 'it is no object'],
    ['no block', () => ({ block: 1 }), 'it holds no block'],
    ['no header', () => ({ block: { json: '[]' } }), 'it holds no block'],
    ['another channel name', header({ channelId: 'a*' }), 'The channel name "a\\*" holds'],
    ['another version', header({ v: 2 }), '"v" of the block is not'],
    ['a control block', header({ kind: 'control' }), '"kind" of the block is not'],
    ['another codec', header({ codec: 'zip' }), '"codec" of the block is not'],
    ['no id', header({ blockId: undefined }), '"blockId" of the block is not'],
    ['a count of nothing', header({ count: 0 }), '"count" of the block is not'],
    ['a count that is too high', header({ count: 257 }), '"count" of the block is not'],
    ['a count that is not that of the body', header({ count: 5 }), 'A block of channel "b" cannot be read'],
    ['no first id', header({ firstId: 'x' }), '"firstId" of the block is not'],
    ['an author that is none', header({ authorId: 5 }), '"authorId" of the block is not'],
    ['a time that is none', header({ createdAt: 'now' }), '"createdAt" of the block is not'],
    ['a priority that is none', header({ priority: 'urgent' }), '"priority" of the block is not'],
    ['an end that is none', header({ expiresAt: '1' }), '"expiresAt" of the block is not'],
    ['keys that are none', header({ keys: [1] }), '"keys" of the block is not'],
    ['the place of another producer', header({ producerId: 'x', sequence: 1 }), '"producerId" of the block is not'],
    ['a body that is no text', block({ json: 5 }), 'the body is no text'],
    ['a body that is no JSON', block({ json: '[' }), 'A block of channel "b" cannot be read'],
    ['binary that is no list', block({ buffers: 'x' }), 'the binary is no list'],
    ['binary that is no base64', block({ buffers: ['%'] }), ''],
    ['a description of nothing', () => ({ channel: 1 }), 'it describes no channel'],
    ['a channel without a description', () => ({ channel: { channelId: 'b' } }), 'it describes no channel'],
    [
      'a description of a pattern',
      () => ({ channel: { channelId: 'b*', description: { name: 'x' } } }),
      'The channel name',
    ],
  ])(
    '%s is refused with its line; what came before it is there, and what comes after it is not',
    async (_, change, why) => {
      const from = new MessageBusCore();
      for (const channelId of ['a', 'b', 'c']) await sendBlock(from, channelId, [channelId]);
      const lines = linesOf(await exported(from));
      expect(lines[4]).toHaveProperty('block');
      const text = lines.map((line) => JSON.stringify(line));
      text[4] = typeof change === 'string' ? change : JSON.stringify(change(lines[4] as Record<string, unknown>));
      const { error, bus } = await refused(text.join('\n'));
      expect((error as Error).message).toMatch(at(5, why));
      expect(contents(await bus.history('a'))).toEqual(['a']);
      expect(await bus.history('c')).toEqual([]);
      expect(await imported(bus, fileOf(lines))).toEqual({ imported: 2, known: 1 });
    },
  );

  test('one that ends early is refused, wherever it ends; what was there until then is', async () => {
    const from = new MessageBusCore();
    await sendBlock(from, 'a', [1]);
    await sendBlock(from, 'b', ['☃']);
    const bytes = new TextEncoder().encode(await exported(from));
    const end = bytes.lastIndexOf(10, bytes.length - 2) + 1;
    for (const length of [end, end + 3, bytes.length - 2]) {
      const { error, bus } = await refused([bytes.subarray(0, length)]);
      expect((error as Error).message).toMatch(
        length === end ? at(6, 'the file ends early; what came') : at(6, 'it is'),
      );
      expect(contents([...(await bus.history('a')), ...(await bus.history('b'))])).toEqual([1, '☃']);
    }
    const { bus } = await refused([bytes.subarray(0, end - 10)]);
    expect([contents(await bus.history('a')), contents(await bus.history('b'))]).toEqual([[1], []]);
  });

  test.each([{}, null, { blocks: 4, messages: 8 }, { blocks: 5, messages: 9 }])(
    'one that lacks lines, or has more than its end tells of (%j), is refused; what it holds is there',
    async (end) => {
      const lines = linesOf(await exported(await filled()));
      const { error, bus } = await refused(fileOf([...lines.slice(0, -1), { end }]));
      expect((error as Error).message).toMatch(
        at(lines.length, 'it tells of other blocks and messages than the 5 and 8'),
      );
      expect(await bus.history('plain')).toHaveLength(3);
    },
  );

  test('something after its end is refused', async () => {
    const file = await exported(await filled());
    const { error } = await refused(file + file);
    expect((error as Error).message).toMatch(/: something comes after the end\./);
  });

  test('what fails while it is read is told, and what came until then is there', async () => {
    const lines = (await exported(await filled())).split('\n');
    async function* breaking(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode(`${lines.slice(0, 3).join('\n')}\n`);
      throw new Error('network gone');
    }
    const bus = new MessageBusCore();
    expect(await failure(bus.admin.importFrom(breaking()))).toMatchObject({ message: 'network gone' });
    expect(await bus.history('plain')).toHaveLength(3);
  });
});
