// Files with nothing above them: two that lines are appended to and that are watched, and a folder with a file for each message.
import {
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  watch,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { middle } from '../measure.mjs';
import { contentOf, numberOf } from '../pages/content.js';

/** Calls back with each line that is appended. */
function lines(file, take) {
  const handle = openSync(file, 'a+');
  let at = statSync(file).size;
  let rest = '';
  watch(file, () => {
    const buffer = Buffer.alloc(64 * 1024);
    for (let read; (read = readSync(handle, buffer, 0, buffer.length, at)) > 0;) {
      at += read;
      const parts = (rest + buffer.toString('utf8', 0, read)).split('\n');
      rest = parts.pop();
      for (const line of parts) take(JSON.parse(line));
    }
  });
}

const appending = (file) => {
  const handle = openSync(file, 'a');
  return (content) => writeSync(handle, `${JSON.stringify(content)}\n`);
};

export function open() {
  // Each call names its files.
}

export function echo(from, to) {
  const append = appending(to);
  lines(from, append);
}

export async function pingPong(to, from, count, warmUp) {
  let back;
  const append = appending(to);
  lines(from, () => back());
  const times = [];
  for (let n = 0; n < count + warmUp; n++) {
    const answer = new Promise((resolve) => (back = resolve));
    const began = performance.now();
    append(contentOf(n));
    await answer;
    if (n >= warmUp) times.push((performance.now() - began) / 2);
  }
  return middle(times);
}

let arrived;

/** A file for each message, taken out of the folder by name. */
export function receive(folder, count) {
  arrived = (async () => {
    for (let got = 0; got < count;) {
      for (const name of readdirSync(folder).toSorted()) {
        if (name.startsWith('.')) continue;
        if (numberOf(JSON.parse(readFileSync(join(folder, name), 'utf8'))) !== got++)
          throw new Error(`${name} is not in order`);
        unlinkSync(join(folder, name));
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  arrived.catch(() => undefined);
}

export const received = () => arrived;

export async function send(folder, count) {
  for (let n = 0; n < count; n++) {
    const name = String(n).padStart(9, '0');
    writeFileSync(join(folder, `.${name}`), JSON.stringify(contentOf(n)));
    renameSync(join(folder, `.${name}`), join(folder, name));
    if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
