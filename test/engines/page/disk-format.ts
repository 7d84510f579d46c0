// What an older build has left on disk, under the present one. Values come and go as JSON: bytes are `{ $bytes: base64 }`.
import { databaseName } from '../../../src/browser/indexeddb-log/database.ts';
import type { ClientRow } from '../../../src/browser/indexeddb-log/database.ts';
import { fromBase64, toBase64 } from '../../../src/core/platform.ts';
import type { Append } from '../../../src/core/log.ts';
import { createBus } from '../../../src/index.ts';
import type { Bus, ChannelInfo, DeadLetter, Entry, GroupInfo, Message } from '../../../src/index.ts';
import { readAll, said } from '../../../src/testing/log-setup.ts';
import { blockOf, identified } from '../../../src/testing/sender.ts';
import { codeOf, contentsOf, newName, openLog, openRaw, settled } from './logs.ts';

export type Row<K = unknown, V = unknown> = readonly [key: K, value: V];

/** A database, and what the build that wrote it said of it. */
export interface Dump {
  readonly version: number;
  readonly stores: { readonly [store: string]: readonly Row[] };
  readonly said: {
    readonly channels: readonly ChannelInfo[];
    readonly messages: { readonly [channelId: string]: readonly Message[] };
    readonly groups: readonly GroupInfo[];
    readonly deadLetters: readonly DeadLetter[];
    readonly streams: { readonly finished: string; readonly given: string; readonly writing: string };
    readonly replicated: readonly { readonly blockId: string; readonly sequence: number }[];
  };
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: toBase64(value) };
  return mapped(value, plain);
}

function revived(value: unknown): unknown {
  const { $bytes: bytes } = (value ?? {}) as { $bytes?: unknown };
  return typeof bytes === 'string' ? fromBase64(bytes) : mapped(value, revived);
}

function mapped(value: unknown, map: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((part: unknown) => map(part));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, map(part)]));
}

/** Writes it under a name that no bus has had, past all code of the log. */
async function restored({ version, stores }: Dump): Promise<string> {
  const bus = newName();
  const request = indexedDB.open(databaseName(bus), version);
  request.addEventListener('upgradeneeded', () => {
    for (const store of Object.keys(stores)) request.result.createObjectStore(store);
  });
  const database = await settled(request);
  const transaction = database.transaction(Object.keys(stores), 'readwrite');
  const done = new Promise((resolve) => transaction.addEventListener('complete', resolve));
  for (const [store, rows] of Object.entries(stores))
    for (const [key, value] of rows) transaction.objectStore(store).add(revived(value), key as IDBValidKey);
  await done;
  database.close();
  return bus;
}

const served = { workerUrl: '/worker.js', author: 'bob' };

/** The stores that there are once the present build has opened it, and those that it makes where nothing is. */
export async function openedStores(dump: Dump): Promise<readonly (readonly string[])[]> {
  const names = [await restored(dump), newName()];
  return Promise.all(
    names.map(async (bus) => {
      await (await openLog(bus)).close();
      const database = await openRaw(bus);
      database.close();
      return [...database.objectStoreNames];
    }),
  );
}

export interface Held {
  readonly channels: readonly ChannelInfo[];
  readonly messages: { readonly [channelId: string]: readonly unknown[] };
  readonly groups: readonly GroupInfo[];
  readonly deadLetters: readonly DeadLetter[];
  /** How the streams are shown once no one is under way any more. */
  readonly talk: readonly (readonly [id: string, state: string, content: unknown])[];
}

/** The streams, once the one whose writer is gone has its end. */
function endedStreams(bus: Bus): Promise<readonly Entry[]> {
  const view = bus.live('talk');
  return new Promise((resolve) => {
    const look = (): void => {
      const entries = view.getSnapshot();
      if (entries.length === 3 && entries.every(({ state }) => state !== 'streaming')) resolve(entries);
    };
    view.subscribe(look);
    look();
  });
}

export async function readDump(dump: Dump): Promise<Held> {
  const bus = createBus({ name: await restored(dump), ...served });
  const talk = (await endedStreams(bus)).map(({ id, state, content }) => [id, state, content] as const);
  const channels = await bus.admin.channels();
  const messages: Record<string, readonly unknown[]> = {};
  for (const { channelId } of channels)
    messages[channelId] = plain(await bus.history(channelId, { limit: 1000 })) as readonly unknown[];
  const [groups, deadLetters] = [await bus.admin.groups(), await bus.admin.deadLetters()];
  await bus.close();
  return { channels, messages, groups, deadLetters, talk };
}

type Handled = (readonly [channelId: string, offset: number, attempt: number])[];

function inOrder(handled: Handled): Handled {
  return handled.toSorted(([a, before], [b, after]) => a.localeCompare(b) || before - after);
}

/** Collects what is handed out, and tells when it is so many. */
function collector(count: number) {
  const handled: Handled = [];
  let enough!: () => void;
  const all = new Promise<void>((resolve) => (enough = resolve));
  const handle = ({ channelId, offset }: Message, { attempt }: { readonly attempt: number }): void => {
    handled.push([channelId, offset, attempt]);
    if (handled.length === count) enough();
  };
  return { handled, all, handle };
}

export interface GoneOn {
  readonly handled: { readonly [group: string]: Handled };
  readonly redriven: number;
  readonly deadLetters: number;
  /** What is left to do in each group, channel by channel. */
  readonly left: readonly (readonly [group: string, channelId: string, pending: number, lag: number])[];
}

/** All groups go on, each until it had so many. */
export async function goOn(dump: Dump): Promise<GoneOn> {
  const name = await restored(dump);
  const [bus, other] = [createBus({ name, ...served }), createBus({ name, ...served })];
  const [workers, strict, rooms, ledger] = [collector(6), collector(1), collector(3), collector(2)];
  const redriven = await other.admin.redrive({ group: 'strict' });
  bus.consume('jobs', { group: 'workers', concurrency: 3 }, workers.handle);
  bus.consume('jobs', { group: 'strict', maxAttempts: 1 }, strict.handle);
  bus.consume('room-*', { group: 'rooms' }, rooms.handle);
  bus.use({ name: 'ledger', channels: ['orders'], onMessage: ledger.handle });
  for (const channelId of ['room-1', 'room-3', 'room-3']) await other.send({ channelId, content: 'new' });
  await Promise.all([workers, strict, rooms, ledger].map(({ all }) => all));
  // Not before what is in hand was acknowledged.
  await bus.close();
  const groups = await other.admin.groups();
  const deadLetters = await other.admin.deadLetters();
  await other.close();
  const handled = { workers, strict, rooms, ledger };
  return {
    handled: Object.fromEntries(Object.entries(handled).map(([group, { handled: own }]) => [group, inOrder(own)])),
    redriven,
    deadLetters: deadLetters.length,
    left: groups.map(({ group, channelId, pending, lag }) => [group, channelId, pending, lag] as const),
  };
}

export interface Grown {
  /** Where a message of each channel came that is new. */
  readonly offsets: { readonly [channelId: string]: number };
  /** Where messages are whose ids were given before, or why they are not. */
  readonly known: readonly (number | string)[];
  /** What the channels hold then, read from disk. */
  readonly held: { readonly [channelId: string]: readonly [first: number, head: number, last: unknown] };
  /** By whom, and as which of its own blocks, the last of "many" was stored. */
  readonly identity: readonly [producerId: string, sequence: number];
}

/** Each channel gets one message more, and is then read past all caches. */
export async function grow(dump: Dump): Promise<Grown> {
  const name = await restored(dump);
  const bus = createBus({ name, ...served });
  await endedStreams(bus);
  const offsets: Record<string, number> = {};
  for (const { channelId } of dump.said.channels)
    offsets[channelId] = (await bus.send({ channelId, content: `new in ${channelId}` })).offset;
  const known: (number | string)[] = [];
  for (const id of ['telegram:1', 'telegram:2'])
    known.push(await bus.send({ channelId: 'chat', id, content: 'again' }).then(({ offset }) => offset, codeOf));
  await bus.close();
  const log = await openLog(name);
  const held: Record<string, readonly [number, number, unknown]> = {};
  for (const channelId of await log.channels()) {
    const { first, head } = await log.head(channelId);
    held[channelId] = [first, head, contentsOf(await readAll(log, channelId)).at(-1)];
  }
  const { producerId, sequence } = (await log.read('many', 275, 1)).blocks[0]?.header ?? {
    producerId: '',
    sequence: 0,
  };
  await log.close();
  return { offsets, known, held, identity: [producerId, sequence] };
}

/** What becomes of appends that the older build had seen, and of those that come after them. */
export async function repeat(
  dump: Dump,
  clients: readonly Row<string, ClientRow>[],
): Promise<{ readonly [what: string]: readonly unknown[] }> {
  const log = await openLog(await restored(dump));
  const append = async (entry: Append): Promise<unknown> => said((await log.append([entry]))[0]);
  const stored = await readAll(log, 'replicated');
  const blocks: unknown[] = [];
  for (const block of stored) blocks.push(await append({ block }));
  const from = async (sequence: number) =>
    append({ block: identified(blockOf('replicated', ['x']), 'elsewhere', sequence) });
  const next = [await from(4), await from(7), await from(5)];
  const key = await append({ block: blockOf('replicated', ['x'], 'given') });
  const pushed: unknown[] = [];
  for (const [clientId, own] of clients)
    for (const [n] of own) pushed.push(await append({ block: blockOf('chat', ['x']), push: { clientId, n } }));
  await log.close();
  return { blocks, next, key: [key], pushed };
}
