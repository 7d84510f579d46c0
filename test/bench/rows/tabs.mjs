// Many tabs: one sender and 1, 10 or 50 that subscribe; and what is left in the host of a thousand that came and went.
import { atMostAndBytes, interleaved, line, stated } from '../measure.mjs';

/** One subscriber is a tab; more are frames, spread over so many tabs, with a process each. */
const maxTabs = 5;
/** What all subscribers together receive, so that each size takes about as long. */
const deliveries = 250_000;
const most = 100_000;
const sizes = [1, 10, 50];

/** Messages a second, from the first `send` until the last subscriber has all. Checked in each: in order, none lost, none twice. */
function fanOut(browser, kind, subscribers) {
  const count = Math.min(most, deliveries / subscribers);
  const warmUp = count / 2;
  return browser.withTabs(1 + Math.min(subscribers, maxTabs), async ([sender, ...tabs], name) => {
    const inFrames = subscribers > maxTabs;
    const all = async (...what) => {
      const answers = await Promise.all(
        tabs.map((tab) => (inFrames ? tab.call('frames', 'call', 'roles', ...what) : tab.call('roles', ...what))),
      );
      return answers.flat();
    };
    if (inFrames) await Promise.all(tabs.map((tab) => tab.call('frames', 'open', subscribers / maxTabs)));
    await sender.call('roles', 'connect', kind, { name, side: 'a', stored: true });
    await all('connect', kind, { name, side: 'b', stored: true });
    await all('expect', warmUp + count);
    await sender.call('roles', 'send', 0, warmUp);
    await all('has', warmUp);
    const began = await sender.call('roles', 'send', warmUp, warmUp + count);
    return (count / (Math.max(...(await all('finished'))) - began)) * 1000;
  });
}

export async function fanOuts({ browser, rounds }) {
  const lines = [];
  for (const subscribers of sizes) {
    const { ours, native } = await interleaved(rounds, {
      ours: () => fanOut(browser, 'busline', subscribers),
      native: () => fanOut(browser, 'native', subscribers),
    });
    const what = `fan-out, stored, one tab → ${subscribers}, until the last has all`;
    const peerName = 'BroadcastChannel with arrays (stores nothing)';
    lines.push(line({ what, unit: 'msg/s', ours, peer: native, peerName, target: stated }));
  }
  return lines;
}

const few = 100;
const many = 1000;
const atOnce = 10;

/**
 * The heap of the SharedWorker after so many tabs, which were frames, have come and gone. They run once: what is left of each
 * adds up, so one run of a thousand says more than five of two hundred. The first hundred have made what is made once. 1.1× and
 * half a megabyte leave room for what the engine compiles late; 900 tabs that each left no more than their closed session
 * behind would take twice that.
 */
export async function memory({ browser }) {
  const { first, last } = await browser.withTabs(2, async ([host, tab], name) => {
    await host.call('visitor', 'stay', name);
    /** Half of them are closed without a word, as by the user. */
    const heapAfter = async (count) => {
      for (let gone = 0; gone < count; gone += atOnce) {
        await tab.call('frames', 'open', atOnce);
        await tab.call('frames', 'call', 'visitor', 'visit', name);
        if (gone % (2 * atOnce) === 0) await tab.call('frames', 'call', 'visitor', 'leave');
        await tab.call('frames', 'close');
      }
      await host.call('visitor', 'alone');
      return browser.workerHeap(name);
    };
    return { first: await heapAfter(few), last: await heapAfter(many - few) };
  });
  return [
    line({
      what: `heap of the SharedWorker after ${many.toLocaleString('en')} tabs came and went`,
      unit: 'kB',
      ours: [last],
      peer: [first],
      peerName: `after the first ${few}`,
      target: atMostAndBytes(1.1, 500_000),
    }),
  ];
}
