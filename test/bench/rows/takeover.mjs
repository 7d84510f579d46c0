// The host dies or hangs while two tabs use it; a message that one of them sends at that moment reaches the other through
// the next host. The clocks of tabs and workers agree to far less than what is measured.
import { atMost, interleaved, limit, line } from '../measure.mjs';

const heartbeats = 3;
const heartbeat = 100;

/** Milliseconds from the moment the host does what it is ordered. */
function delivered(browser, order, kind) {
  return browser.withTabs(2, async ([a, b], name) => {
    const options = { name, stored: true, workerUrl: '/pages/mortal-worker.js' };
    await a.call('roles', 'connect', kind, { ...options, side: 'a' });
    await b.call('roles', 'connect', kind, { ...options, side: 'b' });
    await b.call('roles', 'expect', 2);
    await a.call('roles', 'send', 0, 1);
    const at = await a.call('orders', 'sendAfter', order, 1);
    return (await b.call('roles', 'finished')) - at;
  });
}

export async function takeover({ browser, rounds }) {
  const samples = await interleaved(rounds, {
    ours: () => delivered(browser, 'die', 'busline'),
    raw: () => delivered(browser, 'die', 'takeover'),
  });
  const what = 'host killed → first message through the next';
  const peerName = 'raw Web Lock takeover, next relay worker';
  return [line({ what, unit: 'ms', ours: samples.ours, peer: samples.raw, peerName, target: atMost(3) })];
}

export async function takeoverHung({ browser, rounds }) {
  const { ours } = await interleaved(rounds, { ours: () => delivered(browser, 'hang', 'busline') });
  const ms = heartbeats * heartbeat + 100;
  const what = 'host hung → first message through the next';
  return [line({ what, unit: 'ms', ours, target: limit(ms, `${ms} ms (${heartbeats} heartbeats + 100)`) })];
}
