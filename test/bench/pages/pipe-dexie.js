// Tabs that talk through their database: one adds, the other's liveQuery sees the newest. A table for each direction.
import Dexie, { liveQuery } from 'dexie';

const other = { a: 'b', b: 'a' };

export async function connect({ name, side }) {
  const db = new Dexie(name);
  db.version(1).stores({ a: '++id', b: '++id' });
  await db.open();
  return {
    send: (content) => db.table(side).add({ content }),
    receive(handler) {
      const { promise, resolve, reject } = Promise.withResolvers();
      const newest = liveQuery(() => db.table(other[side]).toCollection().last());
      newest.subscribe((row) => {
        resolve();
        if (row !== undefined) handler(row.content);
      }, reject);
      return promise;
    },
  };
}
