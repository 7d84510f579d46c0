// The host, with a way to break it from outside.
import { startHost } from '/dist/start-host.js';

let hangFor = 0;
const add = IDBObjectStore.prototype.add;
IDBObjectStore.prototype.add = function (value, key) {
  if (hangFor > 0 && this.name === 'journal') {
    const end = performance.now() + hangFor;
    hangFor = 0;
    while (performance.now() < end);
  }
  return add.call(this, value, key);
};

startHost();

const control = new BroadcastChannel(`faults:${self.name.split('/').slice(2).join('/')}`);
control.onmessage = ({ data }) => {
  if (data.kill) self.close();
  if (data.hangInAppend) hangFor = data.hangInAppend;
  if (data.fail) throw new Error('a fault of the test');
};
