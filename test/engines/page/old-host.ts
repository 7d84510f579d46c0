// The old host: a log in a worker of its own, which can really hang, and wakes when it is told to by shared memory.
import type { Log } from '../../../src/core/log.ts';
import { openLog, send } from './logs.ts';

/** Where in its first append after `go` it hangs. */
export type Place = 'before the transaction' | 'inside the transaction' | 'after the commit' | 'in a follower';
/** What is wrong with its fence. */
export type Fault = 'none' | 'no journal row' | 'journal row first';

export interface Orders {
  readonly bus: string;
  readonly place: Place;
  readonly fault: Fault;
  /** It wakes when the first number is not 0 any more, and at the latest after this many milliseconds. */
  readonly wake: Int32Array;
  readonly longest: number;
}

export type Told =
  | { readonly what: 'ready' | 'hangs' | 'done' }
  | { readonly what: 'woke'; readonly after: number }
  | { readonly what: 'settled'; readonly content: string; readonly outcome: string }
  | { readonly what: 'ended' | 'failed'; readonly why: string };

const tell = (told: Told): void => postMessage(told);

function hang({ wake, longest }: Orders): void {
  const since = performance.now();
  tell({ what: 'hangs' });
  while (Atomics.load(wake, 0) === 0 && performance.now() - since < longest);
  tell({ what: 'woke', after: performance.now() - since });
}

/** Calls `before` before, or `after` after, the first call of a method from now on. */
function once<T extends object>(
  prototype: T,
  name: keyof T,
  isMeant: (it: T, given: unknown[]) => boolean,
  hooks: { before?(): void; after?(): void },
): void {
  const original = prototype[name] as (...given: unknown[]) => unknown;
  let waiting = true;
  Object.assign(prototype, {
    [name](this: T, ...given: unknown[]) {
      const meant = waiting && isMeant(this, given);
      if (meant) waiting = false;
      if (meant) hooks.before?.();
      const result = original.apply(this, given);
      if (meant) hooks.after?.();
      return result;
    },
  });
}

function hangAt(orders: Orders, log: Log): void {
  const now = (): void => hang(orders);
  switch (orders.place) {
    case 'before the transaction':
      return once(IDBDatabase.prototype, 'transaction', (_, [, mode]) => mode === 'readwrite', { before: now });
    case 'inside the transaction':
      return once(IDBObjectStore.prototype, 'add', ({ name }) => name === 'journal', { before: now });
    case 'after the commit':
      return once(IDBTransaction.prototype, 'commit', () => true, { after: now });
    case 'in a follower': {
      const stop = log.follow(() => {
        stop();
        now();
      });
    }
  }
}

/** Breaks the fence: the row that stops a host without a term is not added, or not as the last one. */
function plant(fault: Fault): void {
  if (fault === 'none') return;
  const original = IDBObjectStore.prototype.add;
  let held: (() => unknown) | undefined;
  IDBObjectStore.prototype.add = function add(this: IDBObjectStore, ...given) {
    const real = (): IDBRequest<IDBValidKey> => original.apply(this, given);
    if (this.name === 'journal') {
      const request = fault === 'no journal row' ? (this.count() as IDBRequest) : real();
      held?.();
      held = undefined;
      return request;
    }
    if (this.name !== 'segments') return real();
    held = real;
    return undefined as never;
  };
}

async function host(orders: Orders): Promise<() => Promise<void>> {
  const log = await openLog(orders.bus, (why) => tell({ what: 'ended', why }));
  const append = async (content: string, count: number): Promise<void> => {
    const outcome = await send(
      log,
      Array.from({ length: count }, () => content),
    );
    tell({ what: 'settled', content, outcome });
  };
  await append('old', 1);
  tell({ what: 'ready' });
  return async () => {
    plant(orders.fault);
    hangAt(orders, log);
    // Two messages: its segment would not have the key of its successor's, so the fence alone can stop it.
    await append('hung', 2);
    await append('late', 2);
    await log.close();
    tell({ what: 'done' });
  };
}

let go: Promise<() => Promise<void>> | undefined;
addEventListener('message', ({ data }: MessageEvent<Orders | 'go'>) => {
  const done = data === 'go' ? go?.then((run) => run()) : (go = host(data));
  done?.catch((error: unknown) => tell({ what: 'failed', why: String(error) }));
});
