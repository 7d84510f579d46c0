// Processes that share a folder, beside SQLite and what the file system can do with nothing above it.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { atLeast, atMost, interleaved, limit, line, stated } from '../measure.mjs';
import { withProcesses } from '../processes.mjs';
import { ensurePeers, withFolder } from '../servers.mjs';

/** How many a turn holds, and how many in all: each process is warm by then, as many have gone before and are not measured. */
const bursts = [
  [100, 200_000],
  [10, 120_000],
  [1, 80_000],
];
const filesCount = 10_000;
const oneByOne = 2000;
const many = 1_000_000;

/** From the first `send` until the last has come to a process that only reads; messages a second. */
export async function filesSustained({ lab, rounds }) {
  await ensurePeers();
  const lines = [];
  for (const writers of [1, 4]) {
    for (const [burst, count] of bursts) {
      const samples = await interleaved(rounds, {
        ours: () => flow(lab, 'busline', { writers, burst, count }),
        sqlite: () => flow(lab, 'sqlite', { writers, burst, count }),
      });
      lines.push(
        line({
          what: `process → file → process, sustained, ${burst} a turn, ${writers === 1 ? 'one writer' : 'four writers'}`,
          unit: 'msg/s',
          ours: samples.ours,
          peer: samples.sqlite,
          peerName: 'better-sqlite3, WAL, a transaction a turn',
          target: atLeast(1),
        }),
      );
    }
  }
  const samples = await interleaved(rounds, {
    ours: () => flow(lab, 'busline', { writers: 1, burst: 1, count: filesCount }),
    files: () => flow(lab, 'raw-files', { writers: 1, burst: 1, count: filesCount }),
  });
  lines.push(
    line({
      what: 'process → file → process, sustained, 1 a turn',
      unit: 'msg/s',
      ours: samples.ours,
      peer: samples.files,
      peerName: 'a file for each message, renamed into place',
      target: stated,
    }),
  );
  return lines;
}

function flow(lab, file, { writers, burst, count }) {
  return withFolder((directory) =>
    withProcesses(lab, writers + 1, async ([receiver, ...senders]) => {
      for (const each of [receiver, ...senders]) await each.call(file, 'open', { directory });
      const through = async (name) => {
        const channel = file === 'raw-files' ? join(directory, name) : name;
        if (file === 'raw-files') await mkdir(channel);
        await receiver.call(file, 'receive', channel, count, writers);
        const began = performance.now();
        await Promise.all([
          ...senders.map((sender, from) => sender.call(file, 'send', channel, count / writers, burst, from)),
          receiver.call(file, 'received'),
        ]);
        return count / ((performance.now() - began) / 1000);
      };
      await through('warm-up');
      return through('flow');
    }),
  );
}

export async function filesLatency({ lab, rounds }) {
  const one = (file) =>
    withFolder((directory) =>
      withProcesses(lab, 2, async ([near, far]) => {
        const names = file === 'busline' ? ['to', 'from'] : [join(directory, 'to'), join(directory, 'from')];
        for (const each of [near, far]) await each.call(file, 'open', { directory });
        await far.call(file, 'echo', ...names);
        return near.call(file, 'pingPong', ...names, oneByOne, oneByOne / 4);
      }),
    );
  const samples = await interleaved(rounds, { ours: () => one('busline'), raw: () => one('raw-files') });
  return [
    line({
      what: 'process → file → process, one at a time, p50 one way',
      unit: 'ms',
      ours: samples.ours,
      peer: samples.raw,
      peerName: 'raw append and fs.watch',
      target: atMost(3),
    }),
  ];
}

/** Until a first message is stored, in a process that has not opened it before. */
export async function filesOpen({ lab, rounds }) {
  return withFolder(async (directory) => {
    await withProcesses(lab, 1, async ([filler]) => {
      await filler.call('busline', 'open', { directory });
      await filler.call('busline', 'send', 'large', many, 100, 0);
    });
    const { ours } = await interleaved(rounds, {
      ours: () => withProcesses(lab, 1, ([opener]) => opener.call('busline', 'firstStored', { directory }, 'large')),
    });
    const what = `open a file log of ${many.toLocaleString('en')}, until the first is stored`;
    return [line({ what, unit: 'ms', ours, target: limit(100, '100 ms') })];
  });
}

/** The whole process, Node included, after it has stored and delivered them. */
export async function hubMemory({ lab, rounds }) {
  const count = 10_000;
  const { ours } = await interleaved(rounds, {
    ours: () =>
      withFolder((directory) =>
        withProcesses(lab, 1, async ([hub]) => {
          await hub.call('busline', 'open', { directory });
          await hub.call('busline', 'receive', 'history', count, 1);
          await hub.call('busline', 'send', 'history', count, 100, 0);
          await hub.call('busline', 'received');
          return hub.call('busline', 'memory');
        }),
      ),
  });
  const what = 'memory of a process on files with 10,000 messages';
  return [line({ what, unit: 'kB', ours, target: limit(100_000_000, '100 MB') })];
}
