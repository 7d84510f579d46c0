// Processes of their own, each with a program of programs/ in it, as a row of a browser has tabs.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('process.mjs', import.meta.url));
const minute = 60_000;

/** Gives `use` that many new processes; they are gone afterwards. */
export async function withProcesses(lab, count, use) {
  const all = Array.from({ length: count }, () => startProcess(lab));
  try {
    return await use(all);
  } finally {
    await Promise.all(all.map((each) => each.end()));
  }
}

function startProcess(lab) {
  const child = fork(main, [], { env: { ...process.env, BUSLINE_DIST: lab.dist }, serialization: 'json' });
  const waiting = new Map();
  let calls = 0;
  const gone = new Promise((resolve) => {
    child.on('exit', (code, signal) => {
      for (const { reject } of waiting.values()) reject(new Error(`The process ended: ${code ?? signal}`));
      resolve();
    });
  });
  child.on('message', ({ id, value, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(value);
    else reject(new Error(error));
  });
  return {
    /** Calls an exported function of a file in programs/; arguments and result are JSON. */
    async call(file, name, ...given) {
      const id = ++calls;
      let timer;
      const tooLong = new Promise((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`${file}.${name} did not end`)), 2 * minute);
      });
      const answer = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
      child.send({ id, file, name, given });
      return Promise.race([answer, tooLong]).finally(() => clearTimeout(timer));
    },
    async end() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
