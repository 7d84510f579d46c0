// The host's side of a link, frame by frame.
import type { Log } from 'busline/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../src/core/block.ts';
import { busError } from '../../src/core/errors.ts';
import type { BusError } from '../../src/core/errors.ts';
import { adminCalls } from '../../src/core/host-admin.ts';
import type { Ref } from '../../src/core/host.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { checkAdminCall, checkClientFrame } from '../../src/protocol/check-client-frame.ts';
import type { ClientFrame, Frame, Hello } from '../../src/protocol/frames.ts';
import { loopLink } from '../../src/protocol/loop-link.ts';
import { Session } from '../../src/protocol/session.ts';
import type { OpenHost } from '../../src/protocol/session.ts';
import { blockOf } from '../../src/testing/sender.ts';
import { encodedLog, numbers, quiet, wrapped } from '../core/support.ts';

const hello: Hello = { type: 'hello', min: 1, max: 1, clientId: 'client', link: 1, lock: 'tab' };
const status = { host: 'page', why: 'A test.', tabs: 1, durability: 'memory' } as const;

const ref: Ref = { channelId: 'a', logId: 'log', offset: 1, attempt: 1 };
const join: ClientFrame = {
  type: 'join',
  member: 1,
  group: 'w',
  pattern: 'a',
  from: 'earliest',
  slots: 1,
  lease: 1000,
  maxAttempts: 5,
  backoff: { initial: 1, max: 1, factor: 1, jitter: false },
  ordered: false,
  since: 0,
  held: [],
};
const admin = (name: string, given: readonly unknown[]): Record<string, unknown> => {
  const argumentList = given.map((value) => ({ type: 'RAW', value }));
  return { type: 'admin', data: { id: '1', type: 'APPLY', path: [name], argumentList } };
};

interface Rig {
  readonly log: Log;
  readonly host: LogHost;
  readonly session: Session;
  /** Every frame that came, one after the other. */
  readonly frames: Record<string, unknown>[];
  /** How many frames came in each piece. */
  readonly pieces: number[];
  readonly errors: BusError[];
  readonly hellos: Hello[];
  readonly newer: string[];
  closed: number;
  /** Sends whatever it is given, and lets it have its effect. */
  say(...frames: unknown[]): Promise<void>;
  since(): Record<string, unknown>[];
}

function rig(opened?: Promise<OpenHost>, log: Log = encodedLog()): Rig {
  const host = new LogHost(log, { host: 'page', why: '', durability: 'memory' });
  const { client, host: far } = loopLink();
  const [frames, pieces, errors, hellos]: [Record<string, unknown>[], number[], BusError[], Hello[]] = [[], [], [], []];
  client.receive((piece) => {
    pieces.push((piece as Frame[]).length);
    frames.push(...(piece as Record<string, unknown>[]));
  });
  const newer: string[] = [];
  let told = 0;
  const made: Rig = {
    log,
    host,
    frames,
    pieces,
    errors,
    hellos,
    newer,
    closed: 0,
    session: new Session(far, {
      lock: 'host-lock',
      opened: opened ?? Promise.resolve({ host, term: 7 }),
      check: checkClientFrame,
      checkAdmin: checkAdminCall,
      status: () => status,
      defer: (task) => queueMicrotask(task),
      onError: (error) => errors.push(error),
      onHello: (_, greeting) => hellos.push(greeting),
      onNewer: (why) => newer.push(why),
      onClose: () => void (made.closed += 1),
    }),
    async say(...said) {
      client.send(said as ClientFrame[]);
      await quiet();
    },
    since() {
      const fresh = frames.slice(told);
      told = frames.length;
      return fresh;
    },
  };
  return made;
}

/** A session that has said welcome. */
async function open(log?: Log): Promise<Rig> {
  const made = rig(undefined, log);
  await made.say(hello);
  made.since();
  return made;
}

const push = (n: number, block: Block = blockOf('a', [n])): ClientFrame => ({ type: 'push', n, ack: 'stored', block });

describe('a session', () => {
  test('says hi before anything else, and welcome when the log is open', async () => {
    let isOpen: (opened: OpenHost) => void = () => undefined;
    const made = rig(new Promise((resolve) => (isOpen = resolve)));
    await quiet();
    expect(made.since()).toEqual([{ type: 'hi', lock: 'host-lock' }]);
    expect(made.session.clientId).toBe(undefined);
    await made.say(hello, { type: 'ping', n: 1 });
    expect(made.since()).toEqual([{ type: 'pong', n: 1 }]);
    expect(made.hellos).toEqual([hello]);
    expect(made.session.clientId).toBe('client');
    isOpen({ host: made.host, term: 7 });
    await quiet();
    expect(made.since()).toEqual([{ type: 'welcome', version: 1, storeId: made.log.storeId, term: 7, status }]);
  });

  test('does nothing for who has not said hello, and hears it once', async () => {
    const made = rig();
    await made.say(push(1), { type: 'ping', n: 1 }, { type: 'channels', call: 1, pattern: '*' });
    expect(made.frames).toHaveLength(1);
    await made.say(hello);
    await made.say(hello);
    expect(made.hellos).toHaveLength(1);
    expect(made.frames.map(({ type }) => type)).toEqual(['hi', 'welcome']);
    expect((await made.log.head('a')).head).toBe(0);
  });

  test.each([
    [2, 3, true],
    [0, 0, false],
  ])(
    'says bye to who speaks only versions %i to %i; who is newer waits for its successor',
    async (min, max, isNewer) => {
      const made = rig();
      await made.say({ ...hello, min, max });
      const [, bye] = made.frames as [unknown, { type: string; error: { code: string; message: string } }];
      expect(bye).toMatchObject({ type: 'bye', error: { code: 'VERSION_MISMATCH', retryable: isNewer } });
      expect(made.newer).toHaveLength(isNewer ? 1 : 0);
      expect(bye.error.message).toBe(`The page speaks versions ${min} to ${max}, the host 1 to 1.`);
      expect(made.closed).toBe(1);
    },
  );

  test('understands who speaks its version among others', async () => {
    const made = rig();
    await made.say({ ...hello, min: 0, max: 9 });
    expect(made.frames[1]).toMatchObject({ type: 'welcome', version: 1 });
  });

  test('says bye when the log cannot be opened: why, and whether to try another host', async () => {
    const failures: [unknown, object][] = [
      [
        new Error('disk on fire'),
        { code: 'HOST_LOST', retryable: true, message: 'The log could not be opened: disk on fire' },
      ],
      [busError('STORAGE_NEWER', 'Newer.'), { code: 'STORAGE_NEWER', retryable: false, message: 'Newer.' }],
    ];
    for (const [reason, error] of failures) {
      const made = rig(Promise.reject(reason));
      await made.say(hello);
      expect(made.frames[1]).toMatchObject({ type: 'bye', error });
      expect(made.closed).toBe(1);
    }
  });

  test('that was closed before its log opened stays so', async () => {
    let isOpen: (opened: OpenHost) => void = () => undefined;
    const made = rig(new Promise((resolve) => (isOpen = resolve)));
    await made.say(hello);
    made.session.close();
    isOpen({ host: made.host, term: 1 });
    await quiet();
    await made.say({ type: 'ping', n: 1 });
    expect(made.frames).toHaveLength(1);
    expect(made.closed).toBe(1);
  });

  test('stores what is pushed, and answers where; a repeated push is known', async () => {
    const made = await open();
    await made.say(push(1, blockOf('a', [1, 2])), push(2));
    const { logId } = await made.log.head('a');
    const stored = [2, 3].map((offset, at) => ({ type: 'stored', n: at + 1, logId, offset, known: false }));
    expect(made.since()).toEqual(stored);
    await made.say(push(1, blockOf('a', [1, 2])));
    expect(made.since()).toEqual([{ ...stored[0], known: true }]);
    expect((await made.log.head('a')).head).toBe(3);
  });

  test('answers a push that the log refuses, or fails at', async () => {
    const log = encodedLog();
    const failing = wrapped(log, { append: () => Promise.reject(new Error('disk on fire')) });
    const made = await open(failing);
    await made.say(push(1));
    expect(made.since()).toEqual([
      {
        type: 'refused',
        n: 1,
        error: {
          code: 'HOST_LOST',
          message: 'The block was not stored: disk on fire',
          retryable: true,
          accepted: 'unknown',
        },
      },
    ]);
    const full = { kind: 'refused', code: 'STORAGE_FULL', why: 'No room.' } as const;
    const other = await open(wrapped(log, { append: () => Promise.resolve([full]) }));
    await other.say(push(1));
    expect(other.since()).toMatchObject([{ type: 'refused', n: 1, error: { code: 'STORAGE_FULL', retryable: true } }]);
  });

  test('answers a push that it cannot read, or its sender would wait for ever', async () => {
    const made = await open();
    const { header } = blockOf('a', [1]);
    await made.say(
      { type: 'push', n: 5, ack: 'stored', block: { header: { ...header, channelId: 'a*' }, json: '[]' } },
      { type: 'push', n: 'six', ack: 'stored', block: {} },
    );
    expect(made.since()).toMatchObject([{ type: 'refused', n: 5, error: { code: 'MALFORMED_FRAME' } }]);
    expect(made.errors.map(({ code }) => code)).toEqual(['MALFORMED_FRAME', 'MALFORMED_FRAME']);
    expect(made.errors[0]?.message).toMatch(/^A frame of type "push" was dropped \(block\.header\.channelId: /);
  });

  test('answers questions, or says why it cannot', async () => {
    const made = await open();
    await made.say(push(1));
    made.since();
    await made.say(
      { type: 'channels', call: 1, pattern: '*' },
      { type: 'page', call: 2, channelId: 'a', after: 0, limit: 10 },
    );
    const head = await made.log.head('a');
    const answers = made.since().toSorted((a, b) => (a['call'] as number) - (b['call'] as number));
    expect(answers).toMatchObject([
      { type: 'answer', call: 1, value: [{ channelId: 'a', ...head }] },
      { type: 'answer', call: 2, value: { ...head, blocks: [{ offset: 1 }] } },
    ]);
  });

  test('reads for each reader until it is shut or replaced', async () => {
    const made = await open();
    const from = 'earliest';
    await made.say({ type: 'open', reader: 1, pattern: 'a', from, ephemeral: false });
    expect(made.since()).toEqual([
      { type: 'started', reader: 1, positions: { a: { logId: '', offset: 0 } } },
      { type: 'live', reader: 1 },
    ]);
    await made.say(push(1));
    expect(made.since()).toMatchObject([{ type: 'block', readers: [1], block: { offset: 1 } }, { type: 'stored' }]);
    await made.say({ type: 'open', reader: 1, pattern: 'b', from, ephemeral: false });
    await made.say(push(2));
    expect(made.since().filter(({ type }) => type === 'block')).toEqual([]);
    await made.say(
      { type: 'shut', reader: 1 },
      { type: 'shut', reader: 99 },
      { type: 'credit', reader: 99, weight: 5 },
    );
    await made.say(push(3, blockOf('b', [3])));
    expect(made.since()).toMatchObject([{ type: 'stored', n: 3 }]);
  });

  test('sends a block once for all readers that it is for, live and ephemeral', async () => {
    const made = await open();
    for (const reader of numbers(1, 3)) {
      const pattern = reader === 3 ? '*' : 'a';
      await made.say({ type: 'open', reader, pattern, from: 'now', ephemeral: true });
    }
    made.since();
    await made.say(push(1), { type: 'cast', block: blockOf('a', ['typing']) });
    const sent = made.since().map(({ type, readers }) => [type, readers]);
    expect(sent.filter(([type]) => type === 'block')).toEqual([['block', [1, 2, 3]]]);
    expect(sent.filter(([type]) => type === 'cast')).toEqual([['cast', [1, 2, 3]]]);
  });

  test('delivers what is stored before it acknowledges it, in one piece', async () => {
    const made = await open();
    await made.say({ type: 'open', reader: 1, pattern: '*', from: 'now', ephemeral: false });
    made.since();
    const before = made.pieces.length;
    await made.say(push(1), push(2));
    expect(made.since().map(({ type }) => type)).toEqual(['block', 'block', 'stored', 'stored']);
    expect(made.pieces.length - before).toBeLessThanOrEqual(3);
  });

  test('sends no more than there is credit for, and goes on when there is', async () => {
    const made = await open();
    for (const n of numbers(1, 100)) await made.log.append([{ block: blockOf('a', numbers(1, 256)) }]).then(() => n);
    await made.say({ type: 'open', reader: 1, pattern: 'a', from: 'earliest', ephemeral: false });
    const first = made.since().filter(({ type }) => type === 'block').length;
    expect(first).toBeGreaterThanOrEqual(64);
    expect(first).toBeLessThan(75);
    await made.say({ type: 'credit', reader: 1, weight: 16_384 });
    expect(made.since().filter(({ type }) => type === 'block')).toHaveLength(100 - first);
  });

  test('tells its status when it changes, once it is open', async () => {
    const made = rig();
    made.session.status({ ...status, tabs: 2 });
    await made.say(hello);
    made.session.status({ ...status, tabs: 3 });
    await quiet();
    expect(made.frames.filter(({ type }) => type === 'status')).toEqual([
      { type: 'status', status: { ...status, tabs: 3 } },
    ]);
  });

  test('of a client that says bye frees all that it had', async () => {
    const made = await open();
    for (const [at, pattern] of ['a', 'a', '*', 'b'].entries()) {
      await made.say({ type: 'open', reader: at, pattern, from: 'now', ephemeral: true });
    }
    await made.say({ type: 'bye' });
    expect(made.closed).toBe(1);
    const heard: unknown[] = [];
    const { host } = made;
    host.events.on('error', (error) => heard.push(error));
    made.since();
    await host.push(blockOf('a', [1]), 'stored');
    host.cast(blockOf('a', [1]));
    await made.say(push(9), { type: 'ping', n: 1 });
    expect(made.since()).toEqual([]);
    expect((await made.log.head('a')).head).toBe(1);
    made.session.close();
    made.session.bye();
    made.session.status(status);
    expect(made.closed).toBe(1);
  });

  test('is a member for each that joins, until it leaves or the session is closed', async () => {
    const made = await open();
    await made.say(join, push(1), push(2));
    const { logId } = await made.log.head('a');
    const handed = { ...ref, logId };
    expect(made.since().filter(({ type }) => type !== 'stored')).toEqual([
      { type: 'joined', member: 1 },
      { type: 'hand', member: 1, ref: handed },
    ]);
    await made.say(
      { type: 'extend', call: 7, member: 1, ref: handed, ms: 1000 },
      { type: 'extend', call: 8, member: 1, ref: { ...handed, attempt: 2 }, ms: 1000 },
      { type: 'settle', member: 1, ref: { ...handed, attempt: 2 }, outcome: { kind: 'done' } },
    );
    expect(made.since()).toMatchObject([
      { type: 'settled', member: 1, error: { code: 'LEASE_LOST' } },
      { type: 'answer', call: 7, value: null },
      { type: 'failed', call: 8, error: { code: 'LEASE_LOST' } },
    ]);
    // What one member has in hand no other can settle.
    await made.say({ ...join, member: 2, slots: 0 });
    await made.say({ type: 'settle', member: 2, ref: handed, outcome: { kind: 'done' } });
    await made.say({ type: 'leave', member: 2 });
    expect(made.since()).toMatchObject([
      { type: 'joined', member: 2 },
      { type: 'settled', member: 2, error: { code: 'LEASE_LOST' } },
    ]);
    await made.say({ type: 'settle', member: 1, ref: handed, outcome: { kind: 'done' } });
    expect(made.since()).toMatchObject([
      { type: 'hand', member: 1, ref: { offset: 2, attempt: 1 } },
      { type: 'settled', member: 1, ref: { offset: 1 } },
    ]);
    // Its client says again what it has in hand, as it does to a new host: it stays its own.
    await made.say({ ...join, held: [{ ...handed, offset: 2 }, handed] });
    expect(made.since()).toEqual([
      { type: 'lost', member: 1, ref: handed },
      { type: 'joined', member: 1 },
    ]);
    await made.say({ type: 'pass', member: 1, channelId: 'a', logId: 'other', offsets: [3] }, push(3));
    await made.say({ type: 'slots', member: 1, slots: 5 });
    expect(made.since()).toMatchObject([{ type: 'stored' }, { type: 'hand', ref: { offset: 3 } }]);
    await made.say({ type: 'leave', member: 1 }, push(4));
    expect(made.since().map(({ type }) => type)).toEqual(['stored']);
    await made.say(
      ...['slots', 'leave', 'pass', 'settle'].map((type) => {
        return { type, member: 9, slots: 1, channelId: 'a', logId, offsets: [1], ref, outcome: { kind: 'done' } };
      }),
    );
    expect(made.since()).toEqual([]);
  });

  test('of a group that cannot be read ends, and its client looks again', async () => {
    const log = encodedLog();
    const made = await open(wrapped(log, { records: () => Promise.reject(new Error('disk on fire')) }));
    await made.say(join);
    expect(made.since()).toMatchObject([{ type: 'bye', error: { code: 'HOST_LOST', retryable: true } }]);
    expect(made.closed).toBe(1);
  });

  test('tells who is there while it is asked to, and takes back what it said when it is closed', async () => {
    const made = await open();
    const seen = (): number => made.host.presence('a').getSnapshot().length;
    await made.say({ type: 'watch', channelId: 'a', on: true }, { type: 'watch', channelId: 'a', on: true });
    await made.say({ type: 'present', channelId: 'a', userId: 'ann', presence: { name: 'Ann' } });
    expect(made.since()).toEqual([
      { type: 'members', channelId: 'a', members: [] },
      { type: 'members', channelId: 'a', members: [] },
      { type: 'members', channelId: 'a', members: [{ userId: 'ann', name: 'Ann', tabs: 1 }] },
    ]);
    await made.say({ type: 'watch', channelId: 'a', on: false }, { type: 'watch', channelId: 'b', on: false });
    await made.say({ type: 'present', channelId: 'a', userId: 'bob', presence: {} });
    expect([made.since(), seen()]).toEqual([[], 2]);
    made.session.close();
    expect(seen()).toBe(0);
  });

  test('deletes and clears, and answers when it is done', async () => {
    const made = await open();
    await made.say(push(1), push(2));
    const [block] = (await made.log.read('a', 0, 1)).blocks;
    made.since();
    const id = block?.header.firstId;
    await made.say({ type: 'erase', call: 1, channelId: 'a', offset: 1, id, author: 'ann' });
    await made.say({ type: 'clear', call: 2, channelId: 'a', upTo: { logId: block?.logId, offset: 3 }, author: 'ann' });
    expect(made.since()).toEqual([
      { type: 'answer', call: 1, value: null },
      { type: 'answer', call: 2, value: null },
    ]);
    expect(await made.log.head('a')).toMatchObject({ first: 4, head: 4 });
  });

  test('answers a question that it cannot read, or who asked would wait for ever', async () => {
    const made = await open();
    await made.say({ type: 'extend', call: 5, member: 1, ref, ms: -1 }, { type: 'page', call: 'six' });
    expect(made.since()).toMatchObject([{ type: 'failed', call: 5, error: { code: 'MALFORMED_FRAME' } }]);
    expect(made.errors).toHaveLength(2);
  });

  test('tells of every message that a group gave up, as long as it is open', async () => {
    const made = await open();
    await made.say({ ...join, maxAttempts: 1 }, push(1));
    const { logId } = await made.log.head('a');
    made.since();
    const outcome = { kind: 'failed', reason: 'no', dead: false };
    await made.say({ type: 'settle', member: 1, ref: { ...ref, logId }, outcome });
    expect(made.since().toSorted((a, b) => (String(a['type']) > String(b['type']) ? -1 : 1))).toMatchObject([
      { type: 'settled' },
      { type: 'dead', group: 'w', reason: 'no', offset: 1, block: { header: { channelId: 'a' } } },
    ]);
  });

  test('says bye when its host ends, with the error if there is one', async () => {
    const [ending, failing] = [await open(), await open()];
    ending.session.bye();
    failing.session.bye(busError('STORAGE_NEWER', 'Newer.'));
    await quiet();
    expect(ending.since()).toEqual([{ type: 'bye' }]);
    expect(failing.since()).toMatchObject([{ type: 'bye', error: { code: 'STORAGE_NEWER', message: 'Newer.' } }]);
    expect([ending.closed, failing.closed]).toEqual([1, 1]);
  });

  test('ignores what it does not know of a frame, and what of a block it only carries', async () => {
    const made = await open();
    const block = blockOf('a', [1]);
    const future = { ...block, header: { ...block.header, future: 'kept' } };
    await made.say({ ...push(1, future), future: 1 });
    expect(made.since()).toMatchObject([{ type: 'stored', n: 1 }]);
    const { blocks } = await made.log.read('a', 0, 1);
    expect(blocks[0]?.header).toHaveProperty('future', 'kept');
    expect(made.errors).toEqual([]);
  });
});

/** A session on a link that may bring anything, at once. */
function bare(): { session: Session; errors: BusError[]; hear: (frames: unknown) => void } {
  const host = new LogHost(encodedLog(), { host: 'page', why: '', durability: 'memory' });
  const errors: BusError[] = [];
  let listener: (frames: unknown) => void = () => undefined;
  const session = new Session(
    { send: () => undefined, receive: (given) => void (listener = given), close: () => undefined },
    {
      lock: '',
      opened: Promise.resolve({ host, term: 1 }),
      check: checkClientFrame,
      checkAdmin: checkAdminCall,
      status: () => status,
      defer: (task) => queueMicrotask(task),
      onError: (error) => errors.push(error),
      onHello: () => undefined,
      onNewer: () => undefined,
      onClose: () => undefined,
    },
  );
  return { session, errors, hear: (frames) => listener(frames) };
}

describe('whatever is said to a session', () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
    key: fc.oneof(fc.string(), fc.constantFrom('type', 'n', 'block', 'header', 'reader', 'call', '__proto__', 'from')),
    values: [
      fc.anything(),
      fc.constantFrom('push', 'open', 'page', 'channels', 'hello', 'credit', 'bye', 'cast', 'shut', 'ping'),
      fc.constantFrom('join', 'slots', 'settle', 'pass', 'leave', 'present', 'watch', 'extend', 'erase', 'admin'),
    ],
  });
  const template = fc.constantFrom<Record<string, unknown>>(
    { ...push(1) },
    { type: 'cast', block: blockOf('a', [1]) },
    { type: 'open', reader: 1, pattern: '*', from: { last: 3 }, ephemeral: true },
    { type: 'credit', reader: 1, weight: 5 },
    { type: 'shut', reader: 1 },
    { type: 'page', call: 1, channelId: 'a', after: 0, limit: 10 },
    { type: 'channels', call: 1, pattern: '*' },
    { type: 'ping', n: 1 },
    { ...hello },
    { ...join },
    { type: 'slots', member: 1, slots: 3 },
    { type: 'settle', member: 1, ref, outcome: { kind: 'failed', reason: 'no', dead: false } },
    { type: 'pass', member: 1, channelId: 'a', logId: 'log', offsets: [1] },
    { type: 'leave', member: 1 },
    { type: 'present', channelId: 'a', userId: 'ann', presence: { state: { x: 1 } } },
    { type: 'watch', channelId: 'a', on: true },
    { type: 'extend', call: 1, member: 1, ref, ms: 5 },
    { type: 'erase', call: 1, channelId: 'a', offset: 1, id: 'x', author: 'ann' },
    { type: 'clear', call: 1, channelId: 'a', upTo: { logId: 'log', offset: 1 }, author: 'ann' },
    ...adminCalls.map((name) => ({ ...admin(name, ['a', [{}], true]) })),
  );
  /** A good frame, with one field of it, or of its block, replaced by anything. */
  const nearly = fc.tuple(template, fc.nat(), anything, fc.boolean()).map(([frame, which, value, inBlock]) => {
    const keys = Object.keys(frame);
    const inner = frame['block'] as Record<string, Record<string, unknown>> | undefined;
    if (inBlock && inner !== undefined) {
      const { header = {} } = inner;
      const fields = Object.keys(header);
      return { ...frame, block: { ...inner, header: { ...header, [fields[which % fields.length] as string]: value } } };
    }
    return { ...frame, [keys[which % keys.length] as string]: value };
  });

  test('never throws, and what cannot be read is dropped and reported', { timeout: 60_000 }, async () => {
    const said = fc.oneof(anything, fc.array(fc.oneof(anything, nearly, template), { maxLength: 8 }));
    await fc.assert(
      fc.asyncProperty(fc.array(said, { maxLength: 6 }), async (pieces) => {
        const { session, errors, hear } = bare();
        hear([hello]);
        await quiet();
        for (const piece of pieces) {
          const before = errors.length;
          const expected = Array.isArray(piece)
            ? Array.from(piece as unknown[]).filter((frame) => 'wrong' in checkClientFrame(frame)).length
            : 1;
          hear(piece);
          expect(errors.length - before).toBe(expected);
          await quiet();
        }
        session.close();
        expect(errors.every(({ code, message }) => code === 'MALFORMED_FRAME' && message.length < 600)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test.each<[string, unknown, RegExp]>([
    ['no list', 'frames', /^A frame of type string was dropped \(frames come in an array\)\./],
    ['no frame', [5], /^A frame of type number was dropped \(unknown type\)\./],
    ['null', [null], /^A frame of type object was dropped/],
    ['a type that is too large a number to write', [{ type: 1n }], /^A frame of type bigint was dropped/],
    ['an endless type', [{ type: 'x'.repeat(5000) }], /^A frame of type "x{40}" was dropped/],
    ['an unknown type', [{ type: 'dance' }], /^A frame of type "dance" was dropped \(unknown type\)\./],
    ['a field that is wrong', [{ type: 'ping', n: -1 }], /^A frame of type "ping" was dropped \(n: custom\)\./],
  ])('is reported with its kind and what is wrong with it: %s', async (_, said, says) => {
    const { session, errors, hear } = bare();
    hear(said);
    expect(errors.map(({ code }) => code)).toEqual(['MALFORMED_FRAME']);
    expect(errors[0]?.message).toMatch(says);
    session.close();
  });
});
