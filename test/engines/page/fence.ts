// Two hosts of one database: the old one does not know yet that it has been replaced.
import { readAll } from '../../../src/testing/log-setup.ts';
import { contentsOf, deleteDatabase, newName, openLog, problemsOf, send, storedProblems } from './logs.ts';
import type { Fault, Orders, Place, Told } from './old-host.ts';

export interface Replaced {
  readonly terms: readonly number[];
  /** What became of what each of them sent, in order. */
  readonly outcomes: readonly string[];
  /** Why the old host's log ended. */
  readonly ends: readonly string[];
  readonly problems: readonly string[];
}

/** A successor opens, then the old host appends. */
export async function replacedHost(): Promise<Replaced> {
  const bus = newName();
  const ends: string[] = [];
  const old = await openLog(bus, (why) => ends.push(why));
  const outcomes = [await send(old, ['old'])];
  const successor = await openLog(bus);
  outcomes.push(await send(old, ['zombie', 'zombie'], { push: { clientId: 'c', n: 1 } }));
  outcomes.push(await send(old, ['zombie']));
  outcomes.push(await send(successor, ['successor'], { push: { clientId: 'c', n: 1 } }));
  const terms = [old.term, successor.term];
  await successor.close();
  const problems = await problemsOf(bus, ['old', 'successor']);
  await deleteDatabase(bus);
  return { terms, outcomes, ends, problems };
}

/** The old host commits once more after its successor has read, and before it has put the blocker. */
export async function overtakenTakeover(): Promise<Replaced & { readonly attempts: number }> {
  const bus = newName();
  const ends: string[] = [];
  const old = await openLog(bus, (why) => ends.push(why));
  const outcomes = [await send(old, ['old'])];
  const original = IDBDatabase.prototype.transaction;
  let attempts = 0;
  let meanwhile: Promise<string> | undefined;
  IDBDatabase.prototype.transaction = function transaction(this: IDBDatabase, ...given) {
    if (given[1] === 'readwrite' && (given[0] as string[]).includes('meta')) {
      attempts += 1;
      // Its transaction is made in this very call, so it is before the successor's.
      meanwhile ??= send(old, ['meanwhile'], { push: { clientId: 'c', n: 1 } });
    }
    return original.apply(this, given);
  };
  const successor = await openLog(bus).finally(() => (IDBDatabase.prototype.transaction = original));
  outcomes.push((await meanwhile) ?? 'not sent');
  outcomes.push(await send(old, ['zombie', 'zombie']));
  outcomes.push(await send(successor, ['again'], { push: { clientId: 'c', n: 1 } }));
  outcomes.push(await send(successor, ['successor']));
  const terms = [old.term, successor.term];
  await successor.close();
  const problems = await problemsOf(bus, ['old', 'meanwhile', 'successor']);
  await deleteDatabase(bus);
  return { terms, outcomes, ends, problems, attempts };
}

export interface Hung {
  /** What happened, in order. */
  readonly events: readonly string[];
  /** Milliseconds from the successor's first statement until it had opened, and had stored. */
  readonly opened: number;
  readonly stored: number;
  readonly hungFor: number;
  /** What the successor found. */
  readonly found: readonly unknown[];
  /** How the log differs from that and what the successor appended: when the old host is done, and in the end. */
  readonly problems: readonly string[];
}

/** The old host hangs in an append. A successor opens and appends meanwhile; then the old host wakes. */
export async function hungHost(place: Place, fault: Fault, longest: number): Promise<Hung> {
  const bus = newName();
  const events: string[] = [];
  const wake = new Int32Array(new SharedArrayBuffer(4));
  const old = startOldHost({ bus, place, fault, wake, longest }, events);
  await old.until('ready');
  old.worker.postMessage('go');
  await old.until('hangs');
  const since = performance.now();
  const successor = await openLog(bus);
  const opened = performance.now() - since;
  const found = contentsOf(await readAll(successor, 'a'));
  events.push(`successor's append: ${await send(successor, ['successor'])}`);
  const stored = performance.now() - since;
  Atomics.store(wake, 0, 1);
  await old.until('done');
  const zombies = await storedProblems(bus, [...found, 'successor']);
  events.push(`successor's next: ${await send(successor, ['successor'])}`);
  await successor.close();
  old.worker.terminate();
  const problems = [...zombies, ...(await problemsOf(bus, [...found, 'successor', 'successor']))];
  await deleteDatabase(bus);
  return { events, opened, stored, hungFor: old.hungFor(), found, problems };
}

function startOldHost(orders: Orders, events: string[]) {
  const worker = new Worker('/old-host.js', { type: 'module' });
  let hungFor = 0;
  const seen = new Map<string, PromiseWithResolvers<void>>();
  const moment = (what: string): PromiseWithResolvers<void> => {
    let found = seen.get(what);
    if (found === undefined) seen.set(what, (found = Promise.withResolvers()));
    return found;
  };
  const fail = (why: string): void => {
    for (const what of ['ready', 'hangs', 'done']) moment(what).reject(new Error(`the old host failed: ${why}`));
  };
  worker.addEventListener('message', ({ data: told }: MessageEvent<Told>) => {
    if (told.what === 'failed') return fail(told.why);
    if (told.what === 'woke') hungFor = told.after;
    if (told.what === 'settled') events.push(`${told.content}: ${told.outcome}`);
    else if (told.what === 'ended') events.push(`ended: ${told.why}`);
    else events.push(told.what);
    return moment(told.what).resolve();
  });
  worker.addEventListener('error', ({ message }) => fail(message));
  worker.postMessage(orders);
  return { worker, until: (what: Told['what']) => moment(what).promise, hungFor: () => hungFor };
}
