// The log in localStorage keeps the contract of logs, and what it says when it is full, replaced, deleted or damaged.
import { isBusError } from 'busline';
import { testLog } from 'busline/testing';
import { describe, expect, test } from 'vitest';
import { Keys, removeKeys } from '../../src/browser/local-storage-log/keys.ts';
import type { Texts } from '../../src/browser/local-storage-log/keys.ts';
import { openLocalStorageLog } from '../../src/browser/local-storage-log/local-storage-log.ts';
import type { LocalStorageLog } from '../../src/browser/local-storage-log/local-storage-log.ts';
import { toText } from '../../src/browser/local-storage-log/text.ts';
import type { Append } from '../../src/core/log.ts';
import { systemPlatform } from '../../src/core/platform.ts';
import { append, appendAll, contentsOf, readAll, said } from '../../src/testing/log-setup.ts';
import { blockOf, identified, skipOf } from '../../src/testing/sender.ts';
import { FakeStorage } from './fake-storage.ts';

const keys = new Keys('bus');

interface Opened {
  readonly storage?: Texts;
  readonly window?: EventTarget;
  readonly onEnd?: (why: string) => void;
  readonly isAlive?: (clientId: string) => boolean;
}

function open({
  storage = new FakeStorage(),
  window = new EventTarget(),
  onEnd = () => undefined,
  isAlive = () => true,
}: Opened = {}): Promise<LocalStorageLog> {
  return openLocalStorageLog({ bus: 'bus', platform: systemPlatform, storage, window, isAlive, onEnd });
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'none',
    (error: unknown) => (isBusError(error) ? error.code : error),
  );

const storages = new WeakMap<object, FakeStorage>();

describe('the log in localStorage', () => {
  const openIn = async (storage: FakeStorage): Promise<LocalStorageLog> => {
    const log = await open({ storage });
    storages.set(log, storage);
    return log;
  };
  const setup = {
    open: () => openIn(new FakeStorage()),
    reopen: (log: object) => openIn(storages.get(log) as FakeStorage),
  };
  testLog({ describe, test, expect }, setup);
});

/** All that a next page can find out. */
async function contentOf(log: LocalStorageLog): Promise<unknown> {
  const channels = [...(await log.channels())].toSorted();
  const read = channels.map(async (channelId) => [await log.head(channelId), await readAll(log, channelId)]);
  const records = [...(await log.records(''))].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { storeId: log.storeId, channels, read: await Promise.all(read), records };
}

describe('after a reload', () => {
  test('all is there: store, offsets, logs, bytes, records', async () => {
    const storage = new FakeStorage();
    const log = await open({ storage });
    const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => at % 251);
    await appendAll(log, [blockOf('a', [1, { bytes }]), blockOf('b', ['\u0001 begins a string']), skipOf('c', 'p', 1)]);
    await log.save([
      ['bytes', [bytes, '\u0001', '\u0001x', new Uint8Array()]],
      ['nothing', null],
      ['gone', 1],
    ]);
    await log.save([['gone', undefined]]);
    const again = await open({ storage: storage.copy() });
    expect(toText(await contentOf(again))).toBe(toText(await contentOf(log)));
    expect([log.term, again.term, again.damage]).toEqual([1, 2, undefined]);
  });

  test('all is there after many commits, and few of them are left on disk', async () => {
    const storage = new FakeStorage();
    const log = await open({ storage });
    for (let n = 1; n <= 1000; n++) await log.save([['n', n]]);
    for (let n = 1; n <= 300; n++) {
      const block = identified(blockOf('a', [n]), 'p', n);
      await log.append([{ block, push: { clientId: 'c', n }, records: [[`every ${n % 3}`, n]] }]);
    }
    await log.trim('a', 290);
    expect(storage.length).toBeLessThan(150);
    const had = await contentOf(log);
    const again = await open({ storage });
    expect(await contentOf(again)).toEqual(had);
    // Ten messages, the term, what is folded, and what is held back.
    expect(storage.length).toBe(10 + 3);
    const push = { block: blockOf('a', ['again']), push: { clientId: 'c', n: 269 } };
    expect((await again.append([push])).map(said)).toEqual([['known', 269]]);
    expect(said(await append(again, identified(blockOf('a', [0]), 'p', 302)))).toBe('GAP');
    expect([...(await again.records(''))]).toEqual([
      ['n', 1000],
      ['every 1', 298],
      ['every 2', 299],
      ['every 0', 300],
    ]);
  });

  test('the pushes of clients that are gone are forgotten', async () => {
    const storage = new FakeStorage();
    const log = await open({ storage });
    const pushes = ['alive', 'gone'].map((clientId) => ({ block: blockOf('a', [1]), push: { clientId, n: 1 } }));
    await log.append(pushes);
    const again = await open({ storage, isAlive: (clientId) => clientId === 'alive' });
    expect((await again.append(pushes)).map(said)).toEqual([
      ['known', 1],
      ['stored', 3],
    ]);
  });

  test('a push that is repeated writes nothing', async () => {
    const storage = new FakeStorage();
    const log = await open({ storage });
    const push = { block: blockOf('a', [1]), push: { clientId: 'c', n: 1 } };
    await log.append([push]);
    const { writes } = storage;
    expect((await log.append([push])).map(said)).toEqual([['known', 1]]);
    expect(storage.writes).toBe(writes);
  });

  test('another bus whose name begins alike is another bus', async () => {
    const storage = new FakeStorage();
    await append(await open({ storage }), blockOf('a', [1]));
    removeKeys(storage, 'bus:1.1');
    removeKeys(storage, 'bu');
    expect((await (await open({ storage })).head('a')).head).toBe(1);
  });
});

describe('a full localStorage', () => {
  const full = async (): Promise<{ storage: FakeStorage; log: LocalStorageLog; stored: number }> => {
    const storage = new FakeStorage();
    storage.quota = 60_000;
    const log = await open({ storage });
    for (let stored = 0; ; stored++) {
      const code = await codeOf(append(log, blockOf('a', ['x'.repeat(1000)])));
      if (code !== 'none') return { storage, log, stored };
    }
  };

  test('refuses what is appended: STORAGE_FULL, and keeps nothing of it anywhere', async () => {
    const { storage, log, stored } = await full();
    expect(stored).toBeGreaterThan(10);
    const before = await contentOf(log);
    const big = 'x'.repeat(2000);
    const entries: readonly Append[] = [
      { block: blockOf('a', [big]), push: { clientId: 'c', n: 1 }, records: [['record', 1]] },
      { block: identified(blockOf('new', [big]), 'p', 1) },
      { block: blockOf('a', [big], 'key') },
    ];
    expect(await codeOf(log.append(entries))).toBe('STORAGE_FULL');
    for (const entry of entries) expect(await codeOf(log.append([entry]))).toBe('STORAGE_FULL');
    expect(await codeOf(log.save([['large', 'x'.repeat(20_000)]]))).toBe('STORAGE_FULL');
    expect(await contentOf(log)).toEqual(before);
    expect(await contentOf(await open({ storage: storage.copy() }))).toEqual(before);
    const error = await log.append(entries).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'STORAGE_FULL', retryable: true, accepted: false });
    await log.trim('a', stored - 1);
    expect((await log.append(entries)).map(said)).toEqual([
      ['stored', stored + 1],
      ['stored', 1],
      ['stored', stored + 2],
    ]);
    expect(await contentOf(await open({ storage: storage.copy() }))).toEqual(await contentOf(log));
  });

  test('can be opened all the same, and emptied', async () => {
    const { storage, stored } = await full();
    storage.quota = storage.used;
    for (let times = 0; times < 20; times++) await open({ storage });
    const log = await open({ storage });
    expect((await log.head('a')).head).toBe(stored);
    await log.trim('a', stored);
    expect(said(await append(log, blockOf('a', ['x'.repeat(1000)])))).toEqual(['stored', stored + 1]);
  });

  test('still takes what is needed to delete', async () => {
    const { storage, log, stored } = await full();
    while ((await codeOf(append(log, blockOf('a', ['x'])))) === 'none');
    await log.save([['clear:a', { upTo: stored }]]);
    const { header, ...body } = blockOf('a', [{}]);
    const control = { header: { ...header, kind: 'control', control: 'clear' }, ...body } as const;
    expect(said(await append(log, control))).toEqual(['stored', expect.any(Number)]);
    await log.trim('a', stored);
    expect(storage.texts.has(keys.spare)).toBe(true);
  });

  test('that other programs have filled cannot be opened', async () => {
    const storage = new FakeStorage();
    storage.quota = 100;
    expect(await codeOf(open({ storage }))).toBe('STORAGE_FULL');
  });
});

describe('a log whose term was taken', () => {
  test('by another host writes nothing, ends, and says so once', async () => {
    const storage = new FakeStorage();
    const ends: string[] = [];
    const old = await open({ storage, onEnd: (why) => ends.push(why) });
    await append(old, blockOf('a', ['old']));
    const log = await open({ storage });
    expect(ends).toEqual([]);
    for (const late of [append(old, blockOf('a', ['late'])), old.save([['late', 1]]), old.trim('a', 1)])
      expect(await codeOf(late)).toBe('HOST_LOST');
    expect(await codeOf(old.read('a', 0, 1))).toBe('HOST_LOST');
    expect(ends).toEqual([expect.stringContaining('Another host')]);
    expect(said(await append(log, blockOf('a', ['new'])))).toEqual(['stored', 2]);
    expect(contentsOf(await readAll(await open({ storage }), 'a'))).toEqual([
      [1, 'old'],
      [2, 'new'],
    ]);
    await old.close();
  });

  test('ends at once where other pages are heard', async () => {
    const [storage, window] = [new FakeStorage(), new EventTarget()];
    const ends: string[] = [];
    await open({ storage, window, onEnd: (why) => ends.push(why) });
    window.dispatchEvent(new Event('storage'));
    expect(ends).toEqual([]);
    removeKeys(storage, 'bus');
    window.dispatchEvent(new Event('storage'));
    window.dispatchEvent(new Event('storage'));
    expect(ends.length).toBe(1);
  });

  test('and that was not told yet does no harm: what it wrote too late is removed', async () => {
    const storage = new FakeStorage();
    let seen: string | null = null;
    const view: Texts = {
      length: 0,
      key: (at) => storage.key(at),
      getItem: (key) => (key === keys.term ? seen : null) ?? storage.getItem(key),
      setItem: (key, text) => storage.setItem(key, text),
      removeItem: (key) => storage.removeItem(key),
    };
    const old = await open({ storage: view });
    await appendAll(old, [blockOf('a', [1]), blockOf('a', [2])]);
    seen = storage.getItem(keys.term);
    const log = await open({ storage });
    await append(log, blockOf('a', ['successor']));
    expect(said(await append(old, blockOf('a', ['late'])))).toEqual(['stored', 3]);
    await append(log, blockOf('a', ['successor']));
    const again = await open({ storage });
    expect(again.damage).toBe(undefined);
    expect(storage.texts.has(keys.commit({ term: 1, n: 3 }))).toBe(false);
    expect(contentsOf(await readAll(again, 'a')).map(([, content]) => content)).toEqual([
      1,
      2,
      'successor',
      'successor',
    ]);
  });

  test('a storage that fails in another way ends it', async () => {
    const storage = new FakeStorage();
    const ends: string[] = [];
    const log = await open({ storage, onEnd: (why) => ends.push(why) });
    storage.writesLeft = 0;
    expect(await codeOf(append(log, blockOf('a', [1])))).toBe('HOST_LOST');
    expect(ends).toEqual([expect.stringContaining('A commit failed')]);
  });
});

describe('what lies under its names and cannot be read', () => {
  const filled = async (): Promise<FakeStorage> => {
    const storage = new FakeStorage();
    const log = await open({ storage });
    await appendAll(log, [blockOf('a', [1, 2]), blockOf('a', [3]), blockOf('b', ['x'])]);
    return storage;
  };
  const commit = keys.commit({ term: 1, n: 2 });

  test.each<[string, (storage: FakeStorage) => void]>([
    ['a term that is no JSON', ({ texts }) => texts.set(keys.term, 'busy')],
    ['a term of something else', ({ texts }) => texts.set(keys.term, '{"v":1}')],
    ['a commit cut short', ({ texts }) => texts.set(commit, texts.get(commit)?.slice(0, 80) ?? '')],
    ['a commit of something else', ({ texts }) => texts.set(commit, '[1,2]')],
    ['a commit with a block of something else', ({ texts }) => texts.set(commit, '{"store":"s","blocks":[{}]}')],
    ['a commit that is missing', ({ texts }) => texts.delete(commit)],
    ['what is folded cut short', ({ texts }) => texts.set(keys.commit({ term: 1, n: 0 }), '{')],
    [
      'all commits missing',
      ({ texts }) => {
        for (const key of texts.keys()) if (keys.placeOf(key) !== undefined) texts.delete(key);
      },
    ],
    [
      'bytes that are none',
      ({ texts }) => texts.set(commit, (texts.get(commit) ?? '').replace('"json":', '"buffers":["\\u0001?"],"json":')),
    ],
    ['garbage without a term', ({ texts }) => void (texts.delete(keys.term) && texts.set(commit, 'garbage'))],
  ])('%s: an empty log is opened in its place, and says why', async (_, spoil) => {
    const storage = await filled();
    // Only what is opened again knows that there were commits.
    const { storeId } = await open({ storage });
    storage.texts.set('busline:bus:note', 'not ours');
    spoil(storage);
    const log = await open({ storage });
    expect(log.damage).not.toBe(undefined);
    expect(await log.channels()).toEqual([]);
    expect(log.storeId).not.toBe(storeId);
    expect(said(await append(log, blockOf('a', ['new'])))).toEqual(['stored', 1]);
    const again = await open({ storage });
    expect([again.damage, again.storeId, (await again.head('a')).head]).toEqual([undefined, log.storeId, 1]);
    expect(storage.getItem('busline:bus:note')).toBe('not ours');
  });

  test('a log of a newer build is left alone', async () => {
    const storage = await filled();
    storage.texts.set(keys.term, '{"v":2}');
    const before = new Map(storage.texts);
    expect(await codeOf(open({ storage }))).toBe('STORAGE_NEWER');
    expect(storage.texts).toEqual(before);
  });

  test('what a deleted log has left is removed without a word', async () => {
    const storage = await filled();
    storage.texts.delete(keys.term);
    const log = await open({ storage });
    expect([log.damage, await log.channels()]).toEqual([undefined, []]);
    const left = [...(await filled()).texts].filter(([key]) => key !== keys.term && !storage.texts.has(key));
    for (const [key, text] of left) storage.texts.set(key, text);
    expect((await open({ storage })).damage).toBe(undefined);
    expect(storage.texts.has(commit)).toBe(false);
  });
});
