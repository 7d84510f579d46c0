// Makes a context breakable from outside: its clock, its disk and its thread. Imported before everything else, in pages and in
// workers, so that the bus finds the world as it is to be.

type Order =
  | { readonly do: 'hang'; readonly when: 'now' | 'before' | 'after'; readonly ms: number }
  | { readonly do: 'full'; readonly count: number }
  | { readonly do: 'clock'; readonly ms: number }
  | { readonly do: 'close' | 'throw' };

/** An order is for whoever hosts; `nonce` tells one from the other. */
export type HostOrder = Order & { readonly nonce: string };

/** Where orders are given and their execution is told. */
export const channelName = 'faults';

let hangs: { readonly when: 'before' | 'after'; readonly ms: number; readonly nonce: string } | undefined;
let refusals = 0;
let refusing = '';
let shift = 0;

type Tell = (nonce: string, what: string) => void;

/** How it is said that an order was carried out. */
let tell: Tell = () => undefined;

export function tellBy(told: Tell): void {
  tell = told;
}

/** Stands still: in an answer that comes late, so that the processor is free for the others; else, in a loop. */
export function hang(ms: number): void {
  // By the clock that no fault touches.
  const end = performance.now() + ms;
  try {
    const request = new XMLHttpRequest();
    request.open('GET', `/slow/${ms}/away.html`, false);
    request.send();
  } catch {
    // A service worker has no such requests.
  }
  while (performance.now() < end);
}

export function shiftClock(ms: number): void {
  shift += ms;
}

const { now } = Date;
Date.now = () => now() + shift;

function hangIf(when: 'before' | 'after'): void {
  if (hangs?.when !== when) return;
  const { ms, nonce } = hangs;
  hangs = undefined;
  tell(nonce, 'hung');
  hang(ms);
}

const { transaction } = IDBDatabase.prototype;
IDBDatabase.prototype.transaction = function (stores, mode, options) {
  if (mode === 'readwrite') hangIf('before');
  return transaction.call(this, stores, mode, options);
};
const { commit } = IDBTransaction.prototype;
IDBTransaction.prototype.commit = function () {
  commit.call(this);
  hangIf('after');
};

/** As at the end of the quota: an append, or what groups save, is refused; a smaller write may still pass. */
function refuseIf(store: IDBObjectStore): void {
  if (refusals === 0 || (store.name !== 'segments' && store.name !== 'records')) return;
  refusals -= 1;
  tell(refusing, 'refused');
  throw new DOMException('A fault of the test.', 'QuotaExceededError');
}
const { add, put } = IDBObjectStore.prototype;
IDBObjectStore.prototype.add = function (...given) {
  refuseIf(this);
  return add.apply(this, given);
};
IDBObjectStore.prototype.put = function (...given) {
  refuseIf(this);
  return put.apply(this, given);
};

/** Orders are repeated until somebody says that he carried them out. */
const heard = new Set<string>();

export function obey(order: HostOrder, close: () => void): void {
  const { nonce } = order;
  if (heard.has(nonce)) return;
  heard.add(nonce);
  switch (order.do) {
    case 'hang':
      if (order.when !== 'now') {
        hangs = { ...order, when: order.when, nonce };
        return;
      }
      tell(nonce, 'hung');
      return hang(order.ms);
    case 'full':
      refusals = order.count;
      refusing = nonce;
      return;
    case 'clock':
      shiftClock(order.ms);
      return tell(nonce, 'clock moved');
    case 'close':
      tell(nonce, 'closed');
      return close();
    case 'throw':
      tell(nonce, 'threw');
      throw new Error('A fault of the test.');
  }
}
