// The worker of the floor: passes blocks on to the other tabs. If its name ends in "stored", it stores them first: one
// relaxed transaction under way, one record for all that came meanwhile. It holds a lock for as long as it lives.
import { openBlocks } from './blocks-database.js';
import { obeyOrders } from './mortal.js';

const ports = new Set();
/** Of a worker that takes over, only the number behind # is new. */
const [name] = self.name.split('#');
const stored = name.endsWith('stored');
const opening = alone().then(() => (stored ? openBlocks(name) : undefined));
let waiting = [];
let committing = false;

obeyOrders();

function alone() {
  return new Promise((held) => {
    void navigator.locks.request(name, () => {
      held();
      return new Promise(() => undefined);
    });
  });
}

function passOn(entries) {
  for (const port of ports) {
    const blocks = entries.filter(({ from }) => from !== port).map(({ block }) => block);
    if (blocks.length > 0) port.postMessage({ blocks });
    if (blocks.length < entries.length) port.postMessage({ acknowledged: entries.length - blocks.length });
  }
}

function commit(db) {
  const entries = waiting;
  waiting = [];
  committing = entries.length > 0;
  if (!committing) return;
  const transaction = db.transaction('blocks', 'readwrite', { durability: 'relaxed' });
  transaction.objectStore('blocks').add(entries.map(({ block }) => block));
  transaction.oncomplete = () => {
    commit(db);
    passOn(entries);
  };
  transaction.commit();
}

self.onconnect = async ({ ports: [port] }) => {
  const db = await opening;
  ports.add(port);
  port.onmessage = ({ data: block }) => {
    if (!stored) return passOn([{ from: port, block }]);
    waiting.push({ from: port, block });
    if (!committing) commit(db);
  };
  port.postMessage('ready');
};
