// The host, with a way to break it from outside.
import { startHost } from '/dist/start-host.js';

/** What the next append does: it hangs before its transaction is made, or right after it was told to commit. */
let hang = { when: 'never', ms: 0 };
let free;

function hangIf(when) {
  if (hang.when !== when) return;
  const end = performance.now() + hang.ms;
  hang = { when: 'never', ms: 0 };
  while (performance.now() < end);
  free();
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

/** So many reads fail. */
let failures = 0;
const { getAll } = IDBObjectStore.prototype;
IDBObjectStore.prototype.getAll = function (...asked) {
  if (failures > 0 && this.name === 'segments') {
    failures -= 1;
    throw new DOMException('A fault of the test.', 'UnknownError');
  }
  return getAll.apply(this, asked);
};

startHost();

/** A service worker has a scope for a name. */
const name = self.name ?? decodeURIComponent(self.registration.scope.split('/').at(-2));
const control = new BroadcastChannel(`faults:${name.split('/').slice(-1)[0]}`);
control.onmessage = ({ data }) => {
  if (data.kill) self.close();
  if (data.fail) throw new Error('a fault of the test');
  if (data.failReads) {
    failures = data.failReads;
    control.postMessage('heard');
  }
  if (data.hang) {
    hang = data.hang;
    // Held until it has woken, so that a test can wait for that.
    void navigator.locks.request('faults:hung', () => {
      control.postMessage('heard');
      return new Promise((resolve) => (free = resolve));
    });
  }
};
