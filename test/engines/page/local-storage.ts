// The log in the engine's own localStorage.
import { deleteBus } from '../../../src/index.ts';
import { Keys, keysIn, removeKeys } from '../../../src/browser/local-storage-log/keys.ts';
import { openLocalStorageLog } from '../../../src/browser/local-storage-log/local-storage-log.ts';
import type { LocalStorageLog } from '../../../src/browser/local-storage-log/local-storage-log.ts';
import { openLocalStorage } from '../../../src/browser/local-storage-log/open-fallback.ts';
import { openBrowserLog } from '../../../src/browser/storage.ts';
import { systemPlatform } from '../../../src/core/platform.ts';
import { blockOf } from '../../../src/testing/sender.ts';
import { contractTests } from '../contract-tests.ts';
import { expect } from './expect.ts';
import { contentsOf, newName, rejection, send } from './logs.ts';

function open(bus: string, onEnd: (why: string) => void = () => undefined): Promise<LocalStorageLog> {
  const more = { storage: localStorage, window: globalThis, isAlive: () => true, onEnd };
  return openLocalStorageLog({ bus, platform: systemPlatform, ...more });
}

let bus = '';

const tests = contractTests(
  {
    open: () => open((bus = newName())),
    reopen: () => open(bus),
    cleanup: () => localStorage.clear(),
  },
  expect,
);

export async function runLocalStorageTest(name: string): Promise<void> {
  const test = tests.get(name);
  if (test === undefined) throw new Error('there is no such test');
  await test();
}

export interface FullStorage {
  readonly stored: number;
  /** How many characters were in localStorage then. */
  readonly characters: number;
  readonly outcomes: readonly unknown[];
  readonly ends: readonly string[];
}

/** Appends messages of this size until one is refused, then drops some and goes on. */
export async function fillLocalStorage(size: number): Promise<FullStorage> {
  localStorage.clear();
  const name = newName();
  const ends: string[] = [];
  const log = await open(name, (why) => ends.push(why));
  const text = 'x'.repeat(size);
  let stored = 0;
  let refused: string;
  while ((refused = await send(log, [text], { push: { clientId: 'c', n: stored + 1 } })) === 'stored') stored += 1;
  const characters = Object.entries(localStorage).reduce(
    (sum, [key, value]) => sum + key.length + String(value).length,
    0,
  );
  const outcomes: unknown[] = [
    refused,
    (await log.head('a')).head - stored,
    (await (await open(name)).head('a')).head - stored,
  ];
  const again = await open(name, (why) => ends.push(why));
  outcomes.push(await rejection(again.trim('a', stored - 3)));
  outcomes.push(await send(again, [text], { push: { clientId: 'c', n: stored + 1 } }));
  const last = await open(name);
  outcomes.push(
    await send(last, [text], { push: { clientId: 'c', n: stored + 1 } }),
    (await last.head('a')).first - stored,
  );
  localStorage.clear();
  return { stored, characters, outcomes, ends };
}

/** What a page gets that is refused IndexedDB, twice in a row, and what the second finds of the first. */
export async function openWithoutIndexedDb(): Promise<readonly unknown[]> {
  const name = newName();
  const original = IDBFactory.prototype.open;
  IDBFactory.prototype.open = () => {
    throw new DOMException('The operation is insecure.', 'SecurityError');
  };
  const options = { bus: name, platform: systemPlatform, isAlive: () => true, onEnd: () => undefined };
  const opening = async () => openBrowserLog({ ...options, fallback: openLocalStorage });
  try {
    const first = await opening();
    await send(first.log, ['kept']);
    const { log, durability, problem } = await opening();
    const found = contentsOf((await log.read('a', 0, 10)).blocks);
    await log.close();
    return [log.kind, durability, problem?.code, found];
  } finally {
    IDBFactory.prototype.open = original;
    localStorage.clear();
  }
}

/** Why a log ended that was deleted here or by another page, which a frame is as good as. */
export async function deleteElsewhere(elsewhere: boolean): Promise<readonly unknown[]> {
  const name = newName();
  let log!: LocalStorageLog;
  const ended = new Promise<string>((resolve) => void open(name, resolve).then((opened) => (log = opened)));
  while (localStorage.getItem(new Keys(name).term) === null) await Promise.resolve();
  const frame = document.body.appendChild(document.createElement('iframe'));
  if (elsewhere) removeKeys((frame.contentWindow as Window).localStorage, name);
  else await deleteBus(name);
  const why = await ended;
  frame.remove();
  return [why, await send(log, [1]), keysIn(localStorage, name)];
}

/** Milliseconds for so many appends of one small message each, and for opening the log then. */
export async function timeLocalStorage(count: number): Promise<{ append: number; open: number; characters: number }> {
  localStorage.clear();
  const name = newName();
  const log = await open(name);
  const before = performance.now();
  for (let n = 1; n <= count; n++)
    await log.append([{ block: blockOf('a', ['x'.repeat(100)]), push: { clientId: 'c', n } }]);
  const between = performance.now();
  const again = await open(name);
  const after = performance.now();
  await again.close();
  const characters = Object.values(localStorage).reduce((sum, value) => sum + String(value).length, 0) / count;
  localStorage.clear();
  return { append: between - before, open: after - between, characters };
}
