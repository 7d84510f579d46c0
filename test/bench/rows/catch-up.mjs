// A tab that opens a bus with history: how fast it reads, and what the history costs whoever does not read it.
import { atLeast, atMostOrPlus, interleaved, line } from '../measure.mjs';

const stored = 200_000;
const many = 1_000_000;

/** Everything from the earliest message on, in a new tab with a new host, after it is open; messages a second. */
export async function catchUp({ browser, rounds }) {
  const read = (file, name) =>
    browser.withTabs(1, async ([tab]) => (stored / (await tab.call(file, 'readAll', name, stored))) * 1000);
  const names = await filled(browser, stored, ['history', 'raw-history']);
  const samples = await interleaved(rounds, {
    ours: () => read('history', names[0]),
    raw: () => read('raw-history', names[1]),
  });
  const what = `catch-up from the earliest of ${stored.toLocaleString('en')}`;
  const peerName = 'raw IndexedDB, blocks of 256, JSON.parse';
  return [line({ what, unit: 'msg/s', ours: samples.ours, peer: samples.raw, peerName, target: atLeast(0.4) })];
}

/** From `createBus` until the first `send` is stored: in a channel with a long history, and in a bus never used before. */
export async function openLarge({ browser, rounds }) {
  const open = (given) => () =>
    browser.withTabs(1, ([tab], fresh) => tab.call('history', 'firstStored', given ?? fresh));
  const [full] = await filled(browser, many, ['history']);
  const samples = await interleaved(rounds, { full: open(full), empty: open(undefined) });
  const what = `open a bus of ${many.toLocaleString('en')}, until the first is stored`;
  return [
    line({
      what,
      unit: 'ms',
      ours: samples.full,
      peer: samples.empty,
      peerName: 'an empty one',
      target: atMostOrPlus(2, 30),
    }),
  ];
}

async function filled(browser, count, files) {
  const names = [];
  for (const file of files) {
    await browser.withTabs(1, async ([tab], name) => {
      await tab.call(file, 'fill', name, count);
      names.push(name);
    });
  }
  return names;
}
