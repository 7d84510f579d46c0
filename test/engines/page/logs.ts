// Logs in the page, and what is really in their databases.
import { databaseName } from '../../../src/browser/indexeddb-log/database.ts';
import { openIndexedDbLog } from '../../../src/browser/indexeddb-log/indexeddb-log.ts';
import type { IndexedDbLog } from '../../../src/browser/indexeddb-log/indexeddb-log.ts';
import { firstOffset, messagesOf } from '../../../src/core/block.ts';
import type { StoredBlock } from '../../../src/core/block.ts';
import { isBusError } from '../../../src/core/errors.ts';
import type { Append, Log } from '../../../src/core/log.ts';
import { systemPlatform } from '../../../src/core/platform.ts';
import { blockOf } from '../../../src/testing/sender.ts';

let names = 0;

/** A name that no database has yet. */
export const newName = (): string => `engines-${Date.now()}-${++names}`;

export function openLog(bus: string, onEnd: (why: string) => void = () => undefined): Promise<IndexedDbLog> {
  return openIndexedDbLog({ bus, platform: systemPlatform, isAlive: () => true, onEnd });
}

/** Takes `undefined` for all requests that were given, and for none. */
export function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error as DOMException));
  });
}

export async function openRaw(bus: string, version?: number): Promise<IDBDatabase> {
  return settled(indexedDB.open(databaseName(bus), version));
}

export async function deleteDatabase(bus: string): Promise<void> {
  await settled(indexedDB.deleteDatabase(databaseName(bus)));
}

/** Every segment of a channel, as it lies in the database. */
export async function segmentsOf(bus: string, channelId: string): Promise<readonly StoredBlock[][]> {
  const database = await openRaw(bus);
  const range = IDBKeyRange.bound([channelId, 0], [channelId, Number.MAX_SAFE_INTEGER]);
  const store = database.transaction('segments').objectStore('segments');
  const segments = await settled(store.getAll(range) as IDBRequest<StoredBlock[][]>);
  database.close();
  return segments;
}

export const contentsOf = (blocks: readonly StoredBlock[]): unknown[] =>
  blocks.flatMap((block) => messagesOf(block, block.offset).map(({ content }) => content));

/** One block of these contents in channel "a"; what became of it, as a word. */
export async function send(log: Log, contents: readonly unknown[], more: Omit<Append, 'block'> = {}): Promise<string> {
  try {
    const [verdict] = await log.append([{ block: blockOf('a', contents), ...more }]);
    return verdict?.kind === 'refused' ? verdict.code : (verdict?.kind ?? 'nothing');
  } catch (error) {
    return codeOf(error);
  }
}

export const codeOf = (error: unknown): string => (isBusError(error) ? error.code : String(error));

/** The code that a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => 'none', codeOf);
}

/** What is wrong with what the database holds of channel "a" if it should be these contents. */
export async function storedProblems(bus: string, expected: readonly unknown[]): Promise<readonly string[]> {
  const stored = (await segmentsOf(bus, 'a')).flat();
  const problems = differences('stored', contentsOf(stored), expected);
  let offset = 0;
  for (const block of stored) {
    if (firstOffset(block) !== offset + 1) problems.push(`offset ${firstOffset(block)} follows ${offset}`);
    offset = block.offset;
  }
  return problems;
}

/** The same, and what is wrong with what a new host reads there. */
export async function problemsOf(bus: string, expected: readonly unknown[]): Promise<readonly string[]> {
  const problems = [...(await storedProblems(bus, expected))];
  const offset = (await segmentsOf(bus, 'a')).at(-1)?.at(-1)?.offset ?? 0;
  const log = await openLog(bus);
  const { head, blocks } = await log.read('a', 0, Number.MAX_SAFE_INTEGER);
  await log.close();
  if (head !== offset) problems.push(`the head is ${head}, the last offset is ${offset}`);
  return [...problems, ...differences('read', contentsOf(blocks), expected)];
}

function differences(what: string, found: readonly unknown[], expected: readonly unknown[]): string[] {
  const [is, not] = [JSON.stringify(found), JSON.stringify(expected)];
  return is === not ? [] : [`${what} is ${is}, not ${not}`];
}
