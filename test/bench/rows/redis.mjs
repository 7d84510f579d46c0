// Two hubs on one Redis, in processes of their own, beside what the client can do with nothing above it.
import { atLeast, atMost, floor, interleaved, line, stated } from '../measure.mjs';
import { withProcesses } from '../processes.mjs';
import { ensurePeers, withRedis } from '../servers.mjs';

/**
 * How many a turn of the sender holds, how many in all, and what that must reach. The processes are warm by then: as many have
 * gone before and are not measured.
 */
const bursts = [
  { burst: 100, count: 200_000, target: atLeast(5) },
  { burst: 10, count: 100_000, target: atLeast(3) },
  { burst: 1, count: 80_000, target: atLeast(0.6) },
];
const rawCount = 60_000;
const oneByOne = 2000;
const works = 20_000;
const windows = [
  { window: 16, target: floor(10_000, '10k msg/s') },
  { window: 1, target: stated },
];

/** From the first `send` until the last has come to the other process; messages a second. */
export async function redisSustained({ lab, rounds }) {
  const lines = [];
  for (const { burst, count, target } of bursts) {
    const samples = await withRedis((where) =>
      interleaved(rounds, {
        ours: () => flow(lab, 'busline', where, count, burst),
        raw: () => flow(lab, 'raw-redis', where, rawCount),
      }),
    );
    lines.push(
      line({
        what: `hub → Redis → hub, sustained, ${burst} a turn`,
        unit: 'msg/s',
        ours: samples.ours,
        peer: samples.raw,
        peerName: '`redis`, XADD and XREAD, one message an entry, pipelined',
        target,
      }),
    );
  }
  return lines;
}

let names = 0;

function flow(lab, file, where, count, burst) {
  return withProcesses(lab, 2, async ([sender, receiver]) => {
    await Promise.all([sender.call(file, 'open', where), receiver.call(file, 'open', where)]);
    const through = async (channel) => {
      await receiver.call(file, 'receive', channel, count, 1);
      const began = performance.now();
      await Promise.all([sender.call(file, 'send', channel, count, burst, 0), receiver.call(file, 'received')]);
      return count / ((performance.now() - began) / 1000);
    };
    await through(`warm-up-${++names}`);
    return through(`flow-${names}`);
  });
}

export async function redisLatency({ lab, rounds }) {
  const one = (file, where) =>
    withProcesses(lab, 2, async ([near, far]) => {
      const [to, from] = [`to-${++names}`, `from-${names}`];
      await Promise.all([near.call(file, 'open', where), far.call(file, 'open', where)]);
      await far.call(file, 'echo', to, from);
      return near.call(file, 'pingPong', to, from, oneByOne, oneByOne / 4);
    });
  const samples = await withRedis((where) =>
    interleaved(rounds, { ours: () => one('busline', where), raw: () => one('raw-redis', where) }),
  );
  return [
    line({
      what: 'hub → Redis → hub, one at a time, p50 one way',
      unit: 'ms',
      ours: samples.ours,
      peer: samples.raw,
      peerName: '`redis`, publish and subscribe, nothing stored',
      target: atMost(2),
    }),
  ];
}

export async function redisGroup({ lab, rounds }) {
  await ensurePeers();
  const handle = (file, where, window) => {
    const name = `work-${++names}`;
    return withProcesses(lab, 1, async ([worker]) => {
      if (file === 'busline') {
        await worker.call(file, 'open', where);
        await worker.call(file, 'send', name, works, 100, 0);
        return worker.call(file, 'handle', name, works, window);
      }
      await worker.call(file, 'fill', where, name, works);
      return worker.call(file, 'handle', where, name, works, window);
    });
  };
  const lines = [];
  for (const { window, target } of windows) {
    const samples = await withRedis((where) =>
      interleaved(rounds, {
        ours: () => handle('busline', where, window),
        bullmq: () => handle('bullmq', where, window),
      }),
    );
    lines.push(
      line({
        what: `group on Redis, handled and acknowledged, window ${window}`,
        unit: 'msg/s',
        ours: samples.ours,
        peer: samples.bullmq,
        peerName: 'BullMQ, one worker, concurrency the same',
        target,
      }),
    );
  }
  return lines;
}
