// Members of groups over links: what a tab has in hand is its own until it says how it went, its lease ends, or it is gone.
import { createTestBus } from 'busline/testing';
import type { BusError, MessageBus } from 'busline/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { busError, toRecord } from '../../src/core/errors.ts';
import type { JoinRequest, MemberSink, Ref } from '../../src/core/host.ts';
import type { ClientFrame } from '../../src/protocol/frames.ts';
import { RemoteHost } from '../../src/protocol/remote-host.ts';
import { RemoteMembers } from '../../src/protocol/remote-members.ts';
import { worker } from '../core/group-support.ts';
import type { Call } from '../core/group-support.ts';
import { failure, quiet, testPlatform, until } from '../core/support.ts';
import { Succession } from './support.ts';

const send = (bus: MessageBus, ...contents: readonly unknown[]): Promise<unknown> =>
  Promise.all(contents.map((content) => bus.send({ channelId: 'work', content })));

const errorsOf = (bus: MessageBus): string[] => {
  const codes: string[] = [];
  bus.on('error', ({ code }: BusError) => codes.push(code));
  return codes;
};

function twoTabs() {
  const bus = createTestBus({ tabs: 2 });
  onTestFinished(() => bus.close());
  return bus;
}

describe('a member in a tab', () => {
  test('whose lease ends loses the message to one in another tab; what it says late does not count', async () => {
    const bus = twoTabs();
    const errors = errorsOf(bus.tabs[0]);
    const slow = worker(bus.tabs[0], { lease: 1000 });
    await bus.advance(0);
    await send(bus.tabs[1], 'x');
    await bus.advance(0);
    const other = worker(bus.tabs[1], { lease: 1000 });
    const { attempt } = slow.calls[0] as Call;
    await bus.advance(900);
    await attempt.extend(1000);
    await bus.advance(999);
    expect(attempt.signal.aborted).toBe(false);
    await bus.advance(1);
    expect(attempt.signal.aborted).toBe(true);
    expect(await failure(attempt.extend(5))).toMatchObject({ code: 'LEASE_LOST' });
    await bus.advance(100);
    expect(other.told()).toEqual(['x 2']);
    slow.calls[0]?.end();
    await bus.advance(0);
    expect(errors).toEqual(['LEASE_LOST']);
    other.calls[0]?.end();
    await bus.advance(0);
    expect(await bus.tabs[0].admin.groups()).toMatchObject([{ members: 2, pending: 0, lag: 0 }]);
  });

  test('keeps the time that it asked for when its host dies', async () => {
    const bus = twoTabs();
    const slow = worker(bus.tabs[0], { lease: 1000 });
    await bus.advance(0);
    await send(bus.tabs[1], 'x');
    await bus.advance(0);
    const other = worker(bus.tabs[1], { lease: 1000 });
    const { attempt } = slow.calls[0] as Call;
    await attempt.extend(60_000);
    await bus.killHost();
    await bus.advance(59_000);
    expect(attempt.signal.aborted).toBe(false);
    slow.calls[0]?.end();
    await bus.advance(0);
    expect(other.told()).toEqual([]);
    expect(await bus.tabs[0].admin.groups()).toMatchObject([{ pending: 0, lag: 0 }]);
  });

  test('keeps what it has in hand when its host dies, and says how it went to the next', async () => {
    const bus = twoTabs();
    const [mine, others] = [worker(bus.tabs[0], { concurrency: 2 }), worker(bus.tabs[1])];
    await bus.advance(0);
    others.consumer.pause();
    await send(bus.tabs[1], 1, 2, 3);
    await bus.advance(0);
    expect(mine.told()).toEqual(['1 1', '2 1']);
    mine.calls[0]?.end();
    await bus.killHost();
    mine.calls[1]?.fail();
    await bus.advance(0);
    await bus.advance(100);
    expect(mine.told()).toEqual(['1 1', '2 1', '3 1', '2 2']);
    expect(others.calls, 'who was paused is so with the next host').toEqual([]);
    others.consumer.resume();
    for (const call of mine.calls) call.end();
    await bus.advance(0);
    expect(await bus.tabs[0].admin.groups()).toMatchObject([{ pending: 0, lag: 0 }]);
  });

  test('passes over what its filter leaves out, block by block', async () => {
    const bus = twoTabs();
    const { told, calls } = worker(bus.tabs[0], { filter: { types: ['job'] } });
    await Promise.all(
      Array.from({ length: 9 }, (_, n) =>
        bus.tabs[1].send({ channelId: 'work', content: n, type: n % 4 === 0 ? 'job' : 'text' }),
      ),
    );
    for (let n = 0; n < 3; n++) {
      await bus.advance(0);
      calls[n]?.end();
    }
    await bus.advance(0);
    expect(told()).toEqual(['0 1', '4 1', '8 1']);
    expect(await bus.tabs[1].admin.groups()).toMatchObject([{ pending: 0, lag: 0 }]);
  });

  test('that is closed gives what is on its way to it to others at once', async () => {
    const bus = twoTabs();
    const leaving = worker(bus.tabs[0], { concurrency: 3 });
    await bus.advance(0);
    await send(bus.tabs[1], 1, 2);
    const closing = leaving.consumer.close();
    const other = worker(bus.tabs[1], { concurrency: 3 });
    await bus.advance(0);
    for (const call of [...leaving.calls, ...other.calls]) call.end();
    await bus.advance(0);
    await closing;
    expect(new Set([...leaving.calls, ...other.calls].map(({ content }) => content))).toEqual(new Set([1, 2]));
    expect(leaving.calls.length + other.calls.length).toBe(2);
    expect(await bus.tabs[1].admin.groups()).toMatchObject([{ members: 1, pending: 0, lag: 0 }]);
  });

  test('that goes to the background and comes back has what it had; nobody else got it', async () => {
    const succession = new Succession();
    const [mine, other] = [worker(succession.bus()), worker(succession.bus())];
    const sender = succession.bus('sender');
    await send(sender, 1);
    await until(() => mine.calls.length + other.calls.length === 1);
    const holder = mine.calls.length === 1 ? 0 : 1;
    const [holding, idle] = holder === 0 ? [mine, other] : [other, mine];
    const client = succession.clients[holder] as RemoteHost;
    client.detach('It is hidden.');
    await quiet();
    expect(await sender.admin.groups()).toMatchObject([{ members: 1, pending: 1 }]);
    holding.calls[0]?.end();
    succession.host.connect(client);
    for (let turn = 0; turn < 4; turn++) await quiet();
    expect(await sender.admin.groups()).toMatchObject([{ members: 2, pending: 0, lag: 0 }]);
    expect(idle.calls).toEqual([]);
  });

  test('of a bus whose host ends for good is told so', async () => {
    const succession = new Succession();
    const bus = succession.bus();
    const { consumer, calls } = worker(bus);
    await send(bus, 1);
    await until(() => calls.length === 1);
    const late = consumer.close();
    succession.clients[0]?.fail(busError('VERSION_MISMATCH', 'Reload.'));
    await late;
    expect(calls[0]?.attempt.signal.aborted).toBe(true);
    expect((calls[0] as Call).attempt.signal.reason).toMatchObject({ code: 'VERSION_MISMATCH' });
    calls[0]?.end();
    const never = worker(bus);
    await quiet();
    await never.consumer.close();
    expect(never.calls).toEqual([]);
  });
});

describe('members, frame by frame', () => {
  const ref: Ref = { channelId: 'work', logId: 'log', offset: 1, attempt: 1 };
  const request = { group: 'w', pattern: 'work', slots: 1 } as JoinRequest;

  function rig() {
    const said: ClientFrame[] = [];
    const calls: string[] = [];
    const members = new RemoteMembers((frame) => said.push(frame));
    const sink: MemberSink = {
      joined: () => calls.push('joined'),
      hand: ({ offset }) => calls.push(`hand ${offset}`),
      lost: ({ offset }) => calls.push(`lost ${offset}`),
      failed: ({ code }) => calls.push(`failed ${code}`),
    };
    const membership = members.join(request, sink, () => Promise.resolve());
    const types = (): string[] => said.splice(0).map(({ type }) => type);
    types();
    return { said, calls, members, membership, types };
  }

  test('an outcome is said until a host says that it is on record', async () => {
    const { calls, members, membership, types, said } = rig();
    members.take({ type: 'hand', member: 1, ref });
    const settling = membership.settle(ref, { kind: 'done' });
    expect([types(), members.waiting]).toEqual([['settle'], true]);
    members.resume();
    expect(said[0]).toMatchObject({ type: 'join', held: [ref] });
    expect(types()).toEqual(['join', 'settle']);
    members.take({ type: 'lost', member: 1, ref });
    expect(calls, 'it may have been on record before').toEqual(['hand 1']);
    members.take({ type: 'settled', member: 1, ref });
    await settling;
    expect(members.waiting).toBe(false);
    members.take({ type: 'settled', member: 1, ref });
    members.resume();
    expect(said[0]).toMatchObject({ type: 'join', held: [] });
  });

  test('an outcome that came too late is refused', async () => {
    const { members, membership, calls } = rig();
    members.take({ type: 'hand', member: 1, ref });
    const settling = failure(membership.settle(ref, { kind: 'done' }));
    members.take({ type: 'settled', member: 1, ref, error: toRecord(busError('LEASE_LOST', 'Too late.')) });
    expect(await settling).toMatchObject({ code: 'LEASE_LOST' });
    members.take({ type: 'hand', member: 1, ref });
    members.take({ type: 'lost', member: 1, ref });
    members.take({ type: 'lost', member: 1, ref });
    expect(calls).toEqual(['hand 1', 'hand 1', 'lost 1']);
    expect(await failure(membership.settle(ref, { kind: 'done' }))).toMatchObject({ code: 'LEASE_LOST' });
  });

  test('a host’s word for a member that left, or never was, is passed over', () => {
    const { members, membership, calls, types } = rig();
    members.take({ type: 'joined', member: 1 });
    membership.leave();
    membership.leave();
    expect(types()).toEqual(['leave']);
    members.resume();
    expect(types(), 'the next host is told, too').toEqual(['join', 'leave']);
    members.resume();
    expect(types(), 'and only that one').toEqual([]);
    const ignore = (): void => undefined;
    const sink = { joined: ignore, hand: ignore, lost: ignore, failed: ignore };
    for (let n = 0; n < 1000; n++) members.join(request, sink, () => Promise.resolve()).leave();
    types();
    members.resume();
    expect(types().length, 'of a great many, not all').toBeLessThan(1000);
    for (const member of [1, 2]) members.take({ type: 'hand', member, ref });
    members.take({ type: 'joined', member: 1 });
    expect(calls).toEqual(['joined']);
  });

  test('when it ends for good, whoever waits is told', async () => {
    const { members, membership, calls } = rig();
    for (const offset of [1, 2]) members.take({ type: 'hand', member: 1, ref: { ...ref, offset } });
    const settling = failure(membership.settle(ref, { kind: 'done' }));
    members.fail(busError('CLOSED', 'The bus is closed.'));
    expect(await settling).toMatchObject({ code: 'CLOSED' });
    expect(calls).toEqual(['hand 1', 'hand 2', 'failed CLOSED']);
  });

  test('who joins a bus that is closed is told so', async () => {
    const client = new RemoteHost({ start: () => undefined, close: () => undefined }, testPlatform());
    await client.close();
    const codes: string[] = [];
    const ignore = (): void => undefined;
    client.join(request, { joined: ignore, hand: ignore, lost: ignore, failed: ({ code }) => codes.push(code) });
    await quiet();
    expect(codes).toEqual(['CLOSED']);
    expect(await failure(client.admin())).toMatchObject({ code: 'CLOSED' });
  });
});
