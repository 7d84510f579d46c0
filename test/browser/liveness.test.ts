import { expect, test } from 'vitest';
import { Heartbeat } from '../../src/browser/liveness.ts';
import { testPlatform } from '../core/support.ts';

function rig(idleBeat?: number) {
  const platform = testPlatform();
  const pings: number[] = [];
  const made = { platform, pings, waiting: false, silent: 0, heart: undefined as unknown as Heartbeat };
  made.heart = new Heartbeat(
    platform,
    (n) => pings.push(n),
    () => made.waiting,
    () => (made.silent += 1),
    idleBeat,
  );
  made.heart.start();
  return made;
}

const pass = ({ platform }: ReturnType<typeof rig>, ms: number): void => {
  for (let past = 0; past < ms; past += 50) platform.advance(50);
};

test('a host of which nothing is asked is beaten for once a second, and not more often once it has answered', () => {
  const made = rig();
  pass(made, 1000);
  expect(made.pings).toEqual([1]);
  made.heart.pong(1);
  pass(made, 950);
  expect(made.pings).toEqual([1]);
  pass(made, 50);
  expect(made.pings).toEqual([1, 2]);
});

test('one that is to be left alone while it is idle hears nothing until something is asked', () => {
  const made = rig(Infinity);
  pass(made, 60_000);
  expect(made.pings).toEqual([]);
  made.waiting = true;
  made.heart.expect();
  expect(made.pings).toEqual([1]);
  made.heart.pong(1);
  pass(made, 100);
  expect(made.pings).toEqual([1, 2]);
  made.waiting = false;
  made.heart.pong(2);
  pass(made, 60_000);
  expect(made.pings).toEqual([1, 2]);
});

test('three beats without an answer are silence, twice as many for the next host', () => {
  const made = rig();
  made.waiting = true;
  made.heart.expect();
  pass(made, 300);
  expect([made.pings, made.silent]).toEqual([[1, 2, 3], 1]);
  made.heart.relax();
  made.heart.start();
  pass(made, 650);
  expect(made.silent).toBe(1);
  pass(made, 50);
  expect(made.silent).toBe(2);
});
