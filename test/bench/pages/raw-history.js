// The floor of reading: blocks of 256 messages, one record each. Of the ways to
// read them the fastest that was found: pages of 8, with 16 pages asked for at once.
import { openBlocks } from './blocks-database.js';
import { contentOf, numberOf } from './content.js';

const blockSize = 256;
const pageSize = 8;
const ahead = 16;

export async function fill(name, count) {
  const db = await openBlocks(name);
  const transaction = db.transaction('blocks', 'readwrite');
  const blocks = transaction.objectStore('blocks');
  for (let n = 0; n < count; n += blockSize) {
    const length = Math.min(blockSize, count - n);
    blocks.add(JSON.stringify(Array.from({ length }, (_, at) => contentOf(n + at))));
  }
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  db.close();
}

/** Milliseconds until all were parsed, in order. */
export async function readAll(name, count) {
  const db = await openBlocks(name);
  const began = performance.now();
  const blocks = db.transaction('blocks').objectStore('blocks');
  const coming = [];
  // The keys are 1, 2, 3 …, so a page can be asked for before the one before it has come.
  let asked = 0;
  const ask = () => {
    coming.push(result(blocks.getAll(IDBKeyRange.lowerBound(asked, true), pageSize)));
    asked += pageSize;
  };
  while (coming.length < ahead) ask();
  for (let next = 0; next < count;) {
    const page = await coming.shift();
    ask();
    for (const content of page.flatMap((block) => JSON.parse(block))) {
      if (numberOf(content) !== next) throw new Error(`message ${numberOf(content)} came instead of ${next}`);
      next += 1;
    }
  }
  return performance.now() - began;
}

function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
