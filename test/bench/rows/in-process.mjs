// The core alone: no browser, no encoding, one subscriber, a promise each.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { contentOf } from '../pages/content.js';
import { floor, interleaved, line } from '../measure.mjs';

const count = 100_000;
const burst = 256;

export async function inProcess({ lab, rounds }) {
  const { MessageBusCore } = await import(pathToFileURL(join(lab.dist, 'core.js')));
  const once = () => messagesPerSecond(new MessageBusCore());
  // Until the compiler has seen enough of it: the first rounds get faster one by one.
  for (let round = 0; round < 6; round++) await once();
  const { ours } = await interleaved(rounds, { ours: once });
  const what = 'in-process core, memory log, a promise each';
  return [line({ what, unit: 'msg/s', ours, target: floor(800_000, '0.8M msg/s') })];
}

async function messagesPerSecond(bus) {
  const contents = Array.from({ length: count }, (_, n) => contentOf(n));
  let delivered = 0;
  let settled = 0;
  const settle = () => (settled += 1);
  await bus.subscribe('bench', () => (delivered += 1)).ready;
  const began = performance.now();
  for (let n = 0; n < count;) {
    let last;
    for (const end = Math.min(n + burst, count); n < end; n++) {
      last = bus.send({ channelId: 'bench', content: contents[n] });
      last.then(settle);
    }
    await last;
  }
  const seconds = (performance.now() - began) / 1000;
  if (delivered !== count || settled !== count)
    throw new Error(`${delivered} delivered and ${settled} settled of ${count}`);
  await bus.close();
  return count / seconds;
}
