// What it costs that files stand in for Redis, and how long that takes.
import { atLeast, interleaved, limit, line, stated } from '../measure.mjs';
import { withProcesses } from '../processes.mjs';
import { withFolder, withRedis } from '../servers.mjs';

const bursts = [
  { burst: 100, count: 200_000 },
  { burst: 1, count: 40_000 },
];
/** Milliseconds that Redis may take. */
const deadline = 1000;
const drained = 100_000;
let names = 0;

/** A hub beside its log in Redis alone: what a sender and a receiver manage while nothing is wrong. */
export async function failoverCost({ lab, rounds }) {
  const lines = [];
  for (const { burst, count } of bursts) {
    const samples = await withRedis(({ url }) =>
      withFolder((directory) =>
        interleaved(rounds, {
          ours: () => flow(lab, { directory, redis: { url } }, count, burst),
          log: () => flow(lab, { url }, count, burst),
        }),
      ),
    );
    lines.push(
      line({
        what: `a hub with Redis and files while Redis is there, ${burst} a turn`,
        unit: 'msg/s',
        ours: samples.ours,
        peer: samples.log,
        peerName: 'the log in Redis alone',
        // At most 1.1 times the time.
        target: atLeast(0.91),
      }),
    );
  }
  return lines;
}

function flow(lab, where, count, burst) {
  const channel = `cost-${++names}`;
  return withProcesses(lab, 2, async ([sender, receiver]) => {
    await Promise.all([sender.call('busline', 'open', where), receiver.call('busline', 'open', where)]);
    await receiver.call('busline', 'receive', channel, count, 1);
    const began = performance.now();
    await Promise.all([sender.call('busline', 'send', channel, count, burst, 0), receiver.call('busline', 'received')]);
    return count / ((performance.now() - began) / 1000);
  });
}

/** From the moment Redis is killed until another process of the machine has a message; then, until all is in Redis. */
export async function failover({ lab, rounds }) {
  const sample = () =>
    withRedis(({ url, stop, start }) =>
      withFolder((directory) =>
        withProcesses(lab, 2, async ([sender, receiver]) => {
          const where = { directory, redis: { url, deadline } };
          await Promise.all([sender.call('busline', 'open', where), receiver.call('busline', 'open', where)]);
          await receiver.call('busline', 'receive', 'over', 1, 1);
          await stop();
          const began = performance.now();
          await Promise.all([sender.call('busline', 'send', 'over', 1, 1, 0), receiver.call('busline', 'received')]);
          const away = performance.now() - began;
          await sender.call('busline', 'send', 'drained', drained, 100, 0);
          await start();
          const back = performance.now();
          await sender.call('busline', 'isStored', 'drained', drained);
          return { away, rate: drained / ((performance.now() - back) / 1000) };
        }),
      ),
    );
  const { both } = await interleaved(rounds, { both: sample });
  return [
    line({
      what: 'Redis is killed: until another process has the first message over files',
      unit: 'ms',
      ours: both.map(({ away }) => away),
      target: limit(2 * deadline, `${2 * deadline} ms, two deadlines`),
    }),
    line({
      what: 'Redis is back: what lies in files comes to it',
      unit: 'msg/s',
      ours: both.map(({ rate }) => rate),
      target: stated,
    }),
  ];
}
