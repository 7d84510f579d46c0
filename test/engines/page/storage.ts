// Databases that cannot be opened, and disks that are full.
import type { IndexedDbLog } from '../../../src/browser/indexeddb-log/indexeddb-log.ts';
import type { Append, Records } from '../../../src/core/log.ts';
import { readAll, said } from '../../../src/testing/log-setup.ts';
import { blockOf, identified } from '../../../src/testing/sender.ts';
import {
  codeOf,
  contentsOf,
  deleteDatabase,
  newName,
  openLog,
  openRaw,
  problemsOf,
  rejection,
  segmentsOf,
  send,
  settled,
} from './logs.ts';

/** What opening says of a database that a newer build has written. */
export async function openNewer(): Promise<string> {
  const bus = newName();
  (await openRaw(bus, 99)).close();
  const code = await rejection(openLog(bus));
  await deleteDatabase(bus);
  return code;
}

/** What opening says where IndexedDB is refused. */
export async function openBlocked(): Promise<string> {
  const original = IDBFactory.prototype.open;
  IDBFactory.prototype.open = () => {
    throw new DOMException('The operation is insecure.', 'SecurityError');
  };
  return rejection(openLog(newName())).finally(() => (IDBFactory.prototype.open = original));
}

export interface Failing {
  readonly outcomes: readonly unknown[];
  readonly ends: readonly string[];
  readonly problems: readonly string[];
}

async function failing(
  body: (log: IndexedDbLog, outcomes: unknown[], bus: string) => Promise<readonly unknown[]>,
): Promise<Failing> {
  const bus = newName();
  const ends: string[] = [];
  const outcomes: unknown[] = [];
  const log = await openLog(bus, (why) => ends.push(why));
  const expected = await body(log, outcomes, bus);
  await log.close();
  const problems = await problemsOf(bus, expected);
  await deleteDatabase(bus);
  return { outcomes, ends, problems };
}

/** The next transaction is aborted at its commit, as one is whose origin has used up its quota. */
async function withoutSpace<T>(body: () => Promise<T>): Promise<T> {
  const original = IDBTransaction.prototype.commit;
  IDBTransaction.prototype.commit = function commit(this: IDBTransaction) {
    Object.defineProperty(this, 'error', { value: new DOMException('', 'QuotaExceededError') });
    this.abort();
  };
  return body().finally(() => (IDBTransaction.prototype.commit = original));
}

/** Everything that an append can leave behind is appended while there is no space, and then again. */
export function refuseCommit(): Promise<Failing> {
  return failing(async (log, outcomes) => {
    outcomes.push(await send(log, ['one'], { push: { clientId: 'c', n: 1 } }));
    const entries: readonly Append[] = [
      { block: blockOf('a', ['pushed']), push: { clientId: 'c', n: 2 }, records: [['record', 'pushed']] },
      { block: identified(blockOf('a', ['identified']), 'p', 1), push: { clientId: 'new', n: 1 } },
      { block: blockOf('a', ['keyed'], 'key') },
      { block: blockOf('new', ['in a new channel']) },
    ];
    const each = (): Promise<unknown> =>
      Promise.all(entries.map((entry) => log.append([entry]).then(([verdict]) => said(verdict), codeOf)));
    await log.save([['record', 'before']]);
    outcomes.push(await withoutSpace(each));
    outcomes.push([...(await log.records(''))]);
    outcomes.push(await log.channels(), (await log.head('new')).logId, (await log.head('a')).head);
    outcomes.push(await each());
    outcomes.push(await each());
    outcomes.push([...(await log.records(''))]);
    outcomes.push(await send(log, ['last']));
    return ['one', 'pushed', 'identified', 'keyed', 'in a new channel again', 'last'].filter(
      (content) => !content.includes('new'),
    );
  });
}

/** The row that is the fence cannot even be asked for: nothing that was asked for before it may be stored. */
export function failBeforeTheFence(): Promise<Failing> {
  return failing(async (log, outcomes) => {
    outcomes.push(await send(log, ['one']));
    const original = IDBObjectStore.prototype.add;
    IDBObjectStore.prototype.add = function add(this: IDBObjectStore, ...given) {
      if (this.name === 'journal') throw new DOMException('It cannot be cloned.', 'DataCloneError');
      return original.apply(this, given);
    };
    outcomes.push(await send(log, ['two']).finally(() => (IDBObjectStore.prototype.add = original)));
    return ['one'];
  });
}

/** The storage is cleared between two commits, and the engine does not say so: what must be read first cannot be. */
export function clearBetweenCommits(): Promise<Failing> {
  return failing(async (log, outcomes, bus) => {
    outcomes.push(await send(log, ['one']));
    const original = IDBDatabase.prototype.transaction;
    IDBDatabase.prototype.transaction = function transaction(this: IDBDatabase, ...given) {
      if (given[1] !== 'readwrite') throw new DOMException('The database is gone.', 'InvalidStateError');
      return original.apply(this, given);
    };
    const keyed = (key: string): Promise<string> =>
      log.append([{ block: blockOf('a', [key], key) }]).then(([verdict]) => verdict?.kind ?? 'nothing', codeOf);
    // Whether the key is there already has to be read.
    outcomes.push(await keyed('two'), await keyed('two'));
    IDBDatabase.prototype.transaction = original;
    const successor = await openLog(bus);
    outcomes.push(await send(successor, ['two']));
    await successor.close();
    return ['one', 'two'];
  });
}

/** The segment cannot be added, though all that comes after it in its transaction can; the host may die of it at once. */
export function failAmidTransaction(dies: boolean): Promise<Failing> {
  const before: Records = [
    ['changed', 1],
    ['removed', 1],
  ];
  const records: Records = [
    ['changed', 2],
    ['removed', undefined],
    ['new', 2],
  ];
  return failing(async (log, outcomes, bus) => {
    outcomes.push(await send(log, ['one'], { push: { clientId: 'c', n: 1 } }));
    await log.save(before);
    const raw = await openRaw(bus);
    const segments = (): IDBObjectStore => raw.transaction('segments', 'readwrite').objectStore('segments');
    await settled(segments().add([], ['a', 2]));
    const original = IDBDatabase.prototype.transaction;
    let commits = 0;
    IDBDatabase.prototype.transaction = function transaction(this: IDBDatabase, ...given) {
      if (dies && given[1] === 'readwrite' && ++commits > 1) throw new DOMException('It is dead.', 'InvalidStateError');
      return original.apply(this, given);
    };
    const two = { push: { clientId: 'c', n: 2 }, records };
    outcomes.push(await send(log, ['two'], two).finally(() => (IDBDatabase.prototype.transaction = original)));
    await settled(segments().delete(['a', 2]));
    raw.close();
    const successor = await openLog(bus);
    // Of a host that died at once its successor can take the message back, and not what was saved beside it.
    const kept = dies ? [] : [...(await successor.records(''))];
    outcomes.push(await send(successor, ['two'], two), await send(successor, ['two'], two));
    outcomes.push(kept, [...(await successor.records(''))]);
    await successor.close();
    return ['one', 'two'];
  });
}

/** How many transactions write what is given in one turn: appends with records, and saves between them. */
export async function commitTogether(count: number): Promise<{ commits: number; records: unknown }> {
  const bus = newName();
  const log = await openLog(bus);
  await send(log, ['first']);
  const original = IDBDatabase.prototype.transaction;
  let commits = 0;
  IDBDatabase.prototype.transaction = function transaction(this: IDBDatabase, ...given) {
    if (given[1] === 'readwrite') commits += 1;
    return original.apply(this, given);
  };
  const given: Promise<unknown>[] = [];
  for (let n = 1; n <= count; n++) {
    const records: Records = [['record', n]];
    given.push(n % 2 === 0 ? log.save(records) : log.append([{ block: blockOf('a', [n]), records }]));
  }
  await Promise.all(given).finally(() => (IDBDatabase.prototype.transaction = original));
  const records = [...(await log.records(''))];
  await log.close();
  await deleteDatabase(bus);
  return { commits, records };
}

/** The channels there are for the next host after one was trimmed that is not there. */
export async function trimNothing(): Promise<readonly string[]> {
  const bus = newName();
  const log = await openLog(bus);
  await log.trim('nowhere', 5);
  const successor = await openLog(bus);
  const channels = await successor.channels();
  await successor.close();
  log.end(undefined);
  await deleteDatabase(bus);
  return channels;
}

/** Every one of these last pushes is known to the host that comes right after a fold. */
export async function foldThenReopen(commits: number, last: number): Promise<readonly string[]> {
  const bus = newName();
  const log = await openLog(bus);
  for (let n = 1; n < commits; n++) await send(log, [n], { push: { clientId: 'c', n } });
  const numbers = Array.from({ length: last }, (_, at) => commits + at);
  await log.append(numbers.map((n) => ({ block: blockOf('a', [n]), push: { clientId: 'c', n } })));
  const successor = await openLog(bus);
  const outcomes: string[] = [];
  for (let n = commits + last - 32; n < commits + last; n++) {
    outcomes.push(await send(successor, [n], { push: { clientId: 'c', n } }));
  }
  await successor.close();
  log.end(undefined);
  await deleteDatabase(bus);
  return outcomes;
}

let full: { readonly bus: string; readonly log: IndexedDbLog; readonly ends: string[]; stored: number } | undefined;

export interface Filled {
  readonly stored: number;
  readonly outcome: string;
}

/** Appends a megabyte at a time until it is refused. */
export async function fillDisk(most: number): Promise<Filled> {
  const bus = newName();
  const ends: string[] = [];
  const log = await openLog(bus, (why) => ends.push(why));
  full = { bus, log, ends, stored: 0 };
  for (;;) {
    const outcome =
      full.stored < most
        ? await send(log, [megabyte()], { push: { clientId: 'c', n: full.stored + 1 } })
        : 'there is still space';
    if (outcome !== 'stored') return { stored: full.stored, outcome };
    full.stored += 1;
  }
}

/** Goes on where `fillDisk` was refused: others take the place, and what was refused comes again, to the next host. */
export async function afterFull(): Promise<Failing> {
  const { bus, log, ends, stored } = full as NonNullable<typeof full>;
  const refused = { push: { clientId: 'c', n: stored + 1 } };
  const outcomes: unknown[] = [await rejection(log.trim('a', stored - 1))];
  outcomes.push(await send(log, ['other'], { push: { clientId: 'd', n: 1 } }));
  await log.close();
  const successor = await openLog(bus);
  outcomes.push(await send(successor, ['small'], refused), await send(successor, ['small'], refused));
  outcomes.push(await send(successor, ['other'], { push: { clientId: 'd', n: 1 } }));
  outcomes.push(contentsOf((await readAll(successor, 'a')).slice(1)));
  await successor.close();
  const offsets = (await segmentsOf(bus, 'a')).flat().map(({ offset }) => offset);
  const problems = offsets.every((offset, at) => offset === stored + at) ? [] : [`offsets ${offsets.join(', ')}`];
  await deleteDatabase(bus);
  return { outcomes, ends, problems };
}

/** Random, so that no engine makes less of it. */
function megabyte(): string {
  const bytes = new Uint8Array(64 * 1024);
  let text = '';
  while (text.length < 900_000) {
    crypto.getRandomValues(bytes);
    text += Array.from(bytes, (byte) => String.fromCharCode(32 + (byte % 90))).join('');
  }
  return text.slice(0, 900_000);
}
