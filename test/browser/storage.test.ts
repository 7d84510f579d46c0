// @vitest-environment happy-dom
// Where a page's host keeps its log when IndexedDB is refused, as happy-dom does by having none; and what deletes it.
import { deleteBus, isBusError } from 'busline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Keys } from '../../src/browser/local-storage-log/keys.ts';
import { openLocalStorage } from '../../src/browser/local-storage-log/open-fallback.ts';
import { openBrowserLog } from '../../src/browser/storage.ts';
import type { BrowserLogOptions, OpenedLog } from '../../src/browser/storage.ts';
import { busError } from '../../src/core/errors.ts';
import { systemPlatform } from '../../src/core/platform.ts';
import { append } from '../../src/testing/log-setup.ts';
import { blockOf } from '../../src/testing/sender.ts';

const keys = new Keys('bus');

function open({ fallback = openLocalStorage, onEnd = () => undefined }: Partial<BrowserLogOptions> = {}) {
  return openBrowserLog({ bus: 'bus', platform: systemPlatform, isAlive: () => true, onEnd, fallback });
}

function summary({ log, term, durability, problem }: OpenedLog): unknown {
  return [log.kind, term, durability, problem?.code];
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'none',
    (error: unknown) => (isBusError(error) ? error.code : error),
  );

/** Puts something in the place of a global, for one test. */
const undo: (() => void)[] = [];
function put(name: 'indexedDB' | 'localStorage', get: () => unknown): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { get, configurable: true });
  undo.push(() => {
    Reflect.deleteProperty(globalThis, name);
    if (before !== undefined) Object.defineProperty(globalThis, name, before);
  });
}

function refuse(): never {
  throw new DOMException('The operation is insecure.', 'SecurityError');
}

beforeEach(() => localStorage.clear());
afterEach(() => {
  for (const back of undo.splice(0).toReversed()) back();
});

describe('where IndexedDB is refused', () => {
  test('a page keeps its log in localStorage, and says so', async () => {
    const first = await open();
    expect(summary(first)).toEqual(['local-storage', 1, 'disk', 'STORAGE_BLOCKED']);
    expect(first.problem?.message).toMatch(/IndexedDB cannot be opened.*localStorage.*5 MB.*`retention`/);
    await append(first.log, blockOf('a', [1]));
    const second = await open();
    expect(summary(second)).toEqual(['local-storage', 2, 'disk', 'STORAGE_BLOCKED']);
    expect((await second.log.head('a')).head).toBe(1);
  });

  test('and says what was damaged there', async () => {
    localStorage.setItem(keys.term, 'garbage');
    const { problem } = await open();
    expect(problem?.message).toMatch(/could not be read.*busline:bus:term/);
    expect((await open()).problem?.message).not.toMatch('could not be read');
  });

  test('a host without a fallback keeps its log in memory, and says so', async () => {
    const opened = await openBrowserLog({
      bus: 'bus',
      platform: systemPlatform,
      isAlive: () => true,
      onEnd: () => undefined,
    });
    expect(summary(opened)).toEqual(['memory', 0, 'memory', 'STORAGE_BLOCKED']);
    expect(opened.problem?.message).toMatch(/IndexedDB cannot be opened.*in memory/);
  });

  test('and so does one whose localStorage is refused, too', async () => {
    put('localStorage', refuse);
    const opened = await open();
    expect(summary(opened)).toEqual(['memory', 0, 'memory', 'STORAGE_BLOCKED']);
    expect(opened.problem?.message).toMatch(/IndexedDB cannot be opened.*no localStorage.*in memory/);
    put('localStorage', () => null);
    expect(summary(await open())).toEqual(['memory', 0, 'memory', 'STORAGE_BLOCKED']);
    put('localStorage', () => ({ length: 0, getItem: () => null, setItem: refuse, removeItem: refuse }));
    expect((await open()).problem?.message).toMatch('SecurityError');
  });

  test('and one whose fallback cannot be loaded', async () => {
    const opened = await open({ fallback: () => Promise.reject(new TypeError('Failed to fetch')) });
    expect(summary(opened)).toEqual(['memory', 0, 'memory', 'STORAGE_BLOCKED']);
    expect(opened.problem?.message).toMatch('Failed to fetch');
  });

  test('what only a newer build can read is not replaced', async () => {
    localStorage.setItem(keys.term, '{"v":2}');
    expect(await codeOf(open())).toBe('STORAGE_NEWER');
    expect(localStorage.getItem(keys.term)).toBe('{"v":2}');
    const newer = busError('STORAGE_NEWER', 'It is newer.');
    expect(await codeOf(open({ fallback: () => Promise.reject(newer) }))).toBe('STORAGE_NEWER');
  });
});

describe('deleteBus', () => {
  test('deletes the log in localStorage, and nothing else there; a host in this page ends', async () => {
    const ends: string[] = [];
    const { log } = await open({ onEnd: (why) => ends.push(why) });
    await append(log, blockOf('a', [1]));
    const others = ['busline:bus2:term', 'busline:bus:note', 'theme'];
    for (const name of others) localStorage.setItem(name, 'x');
    await deleteBus('bus');
    expect(Object.keys(localStorage).toSorted()).toEqual(others);
    expect(ends.length).toBe(1);
    expect(await codeOf(append(log, blockOf('a', [2])))).toBe('HOST_LOST');
    const again = await open();
    expect(again.log.storeId).not.toBe(log.storeId);
    expect(await again.log.channels()).toEqual([]);
  });

  test('says that there is nothing to delete from, or that the browser refuses', async () => {
    expect(await codeOf(deleteBus('bus'))).toBe('NOT_A_BROWSER');
    put('indexedDB', () => ({ deleteDatabase: refuse }));
    expect(await codeOf(deleteBus('bus'))).toBe('STORAGE_BLOCKED');
    await open();
    expect(await codeOf(deleteBus('bus'))).toBe('none');
    expect(localStorage.length).toBe(0);
  });
});
