// Two tabs through one pipe: throughput, and the time of one message. The pipes and the tabs' roles are in pages/.
import { atLeast, atMost, interleaved, lessThanPeer, line, middle } from '../measure.mjs';

/** Sustained means that the engine has compiled what runs: with a warm-up of 20,000 all fast pipes are a third slower. */
const fast = { warmUp: 100_000, count: 200_000 };
const slow = { warmUp: 10_000, count: 40_000 };

/** Messages a second, from the first `send` until the other tab has all. Checked: in order, none lost, none twice. */
function sustained(browser, kind, { warmUp, count } = fast) {
  return browser.withTabs(2, async ([a, b], name) => {
    await connectBoth(a, b, kind, { name, stored: true });
    return throughput(a, b, { warmUp, count });
  });
}

/** The first tab that connects leads: the sender itself, or a third one, so that every block goes through two channels. */
function sustainedThroughLeader(browser, isSender) {
  return browser.withTabs(isSender ? 2 : 3, async ([a, b, leader = a], name) => {
    const options = { name, stored: true, hosts: ['leader-tab'] };
    if (!isSender) await leader.call('roles', 'connect', 'busline', { ...options, side: 'leader' });
    await connectBoth(a, b, 'busline', options);
    return throughput(a, b, fast);
  });
}

async function throughput(a, b, { warmUp, count }) {
  await b.call('roles', 'expect', warmUp + count);
  await a.call('roles', 'send', 0, warmUp);
  const began = await a.call('roles', 'send', warmUp, warmUp + count);
  return (count / ((await b.call('roles', 'finished')) - began)) * 1000;
}

/**
 * Milliseconds of the middle round trips, over the same pipe in both directions: one clock, and no common part that
 * would pull ratios towards 1. What is stored is stored twice: there and back.
 */
function roundTrip(browser, kind, { stored, rounds }) {
  return browser.withTabs(2, async ([a, b], name) => {
    await connectBoth(a, b, kind, { name, stored });
    await b.call('roles', 'echo');
    return middle(await a.call('roles', 'ping', rounds, rounds / 5));
  });
}

async function connectBoth(a, b, kind, options) {
  await a.call('roles', 'connect', kind, { ...options, side: 'a' });
  await b.call('roles', 'connect', kind, { ...options, side: 'b' });
}

export async function sustainedStored({ browser, rounds }) {
  const samples = await interleaved(rounds, {
    ours: () => sustained(browser, 'busline'),
    relay: () => sustained(browser, 'relay'),
    package: () => sustained(browser, 'broadcast-channel', slow),
  });
  const row = { what: 'tab → tab, stored, sustained, 200 bytes', unit: 'msg/s', ours: samples.ours };
  return [
    line({ ...row, peer: samples.package, peerName: 'npm broadcast-channel (stores nothing)', target: atLeast(8) }),
    line({ ...row, peer: samples.relay, peerName: 'hand-written block relay', target: atLeast(0.8) }),
  ];
}

/** The floor is the same as above: a worker that all tabs share, one hop from each. */
export async function leaderTab({ browser, rounds }) {
  const samples = await interleaved(rounds, {
    leads: () => sustainedThroughLeader(browser, true),
    follows: () => sustainedThroughLeader(browser, false),
    relay: () => sustained(browser, 'relay'),
  });
  const row = { unit: 'msg/s', peer: samples.relay, peerName: 'hand-written block relay', target: atLeast(0.6) };
  const what = 'leader tab: tab → tab, stored, sustained';
  return [
    line({ ...row, what: `${what}, the leader sends`, ours: samples.leads }),
    line({ ...row, what: `${what}, from follower to follower`, ours: samples.follows }),
  ];
}

export async function oneAtATime({ browser, rounds }) {
  const half = (kind) => async () => (await roundTrip(browser, kind, { stored: true, rounds: 300 })) / 2;
  const samples = await interleaved(rounds, { ours: half('busline'), relay: half('relay'), dexie: half('dexie') });
  const row = { what: 'tab → tab, stored, one at a time, p50', unit: 'ms', ours: samples.ours };
  return [
    line({ ...row, peer: samples.relay, peerName: 'hand-written relay, one commit', target: atMost(1.3) }),
    line({ ...row, peer: samples.dexie, peerName: 'Dexie add → liveQuery', target: lessThanPeer }),
  ];
}

export async function ephemeral({ browser, rounds }) {
  const whole = (kind) => () => roundTrip(browser, kind, { stored: false, rounds: 1000 });
  const samples = await interleaved(rounds, {
    ours: whole('busline'),
    relay: whole('relay'),
    package: whole('broadcast-channel'),
  });
  const row = { what: 'tab → tab → tab, ephemeral, p50', unit: 'ms', ours: samples.ours };
  return [
    line({ ...row, peer: samples.relay, peerName: 'raw SharedWorker relay', target: atMost(1.5) }),
    line({ ...row, peer: samples.package, peerName: 'npm broadcast-channel', target: lessThanPeer }),
  ];
}
