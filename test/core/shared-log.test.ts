// A log that several processes append to: what one of them leaves behind, the others put in order.
import { MemoryLog } from 'busline/core';
import { describe, expect, test, vi } from 'vitest';
import { clientName } from '../../src/core/group-keeper.ts';
import type { GroupHome, GroupKeeper, SharedLog } from '../../src/core/group-keeper.ts';
import { Groups } from '../../src/core/groups.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { systemPlatform } from '../../src/core/platform.ts';
import type { Block } from '../../src/core/block.ts';
import { Outbox } from '../../src/core/outbox.ts';
import { readAll } from '../../src/testing/log-setup.ts';
import { HeldHost, quiet, testPlatform } from './support.ts';

/** One of its processes is this one. */
class Shared extends MemoryLog implements SharedLog {
  readonly dead = new Set<string>();
  isAway = false;
  readonly #listeners: (() => void)[] = [];

  groups(home: GroupHome): GroupKeeper {
    return new Groups(home);
  }

  isGone(clientId: string): Promise<boolean> {
    return this.isAway
      ? Promise.reject(new Error('away'))
      : Promise.resolve(this.dead.has(clientId.split('.')[0] ?? ''));
  }

  onGone(listener: () => void): void {
    this.#listeners.push(listener);
  }

  die(storeId: string): void {
    this.dead.add(storeId);
    for (const listener of this.#listeners) listener();
  }
}

function keyed(id: string): Block {
  const outbox = new Outbox(
    new HeldHost(),
    { id: 'me' },
    testPlatform(),
    () => [],
    () => undefined,
  );
  return outbox.block({ channelId: 'a', id, content: id });
}

const hostOf = (log: Shared): LogHost => new LogHost(log, { host: 'process', why: '', durability: 'memory' });
const count = async (log: Shared): Promise<number> => (await readAll(log, 'a')).length;

describe('what a process leaves behind that dies', () => {
  test('is put in order when it is found to be gone, and not before', async () => {
    const log = new Shared();
    const host = hostOf(log);
    await host.push(keyed('begin'), 'stored', { will: { id: 'w', block: keyed('end') } }, undefined, 'other.tab');
    await host.recover();
    log.die('third');
    await quiet();
    expect(await count(log)).toBe(1);
    log.die('other');
    await quiet();
    expect(await count(log)).toBe(2);
  });

  test('is looked for again where it could not be said', async () => {
    const log = new Shared();
    const host = hostOf(log);
    await host.push(keyed('begin'), 'stored', { will: { id: 'w', block: keyed('end') } }, undefined, 'other.tab');
    log.isAway = true;
    log.die('other');
    await quiet();
    expect(await count(log)).toBe(1);
    log.isAway = false;
    log.die('third');
    await quiet();
    expect(await count(log)).toBe(2);
  });

  test('that cannot be read is told', async () => {
    const log = new Shared();
    const host = hostOf(log);
    const told = vi.fn<(error: Error) => void>();
    host.events.on('error', told);
    vi.spyOn(log, 'records').mockRejectedValue(new Error('away'));
    log.die('other');
    await quiet();
    expect(told).toHaveBeenCalledWith(expect.objectContaining({ code: 'HOST_LOST' }));
  });
});

test('a client of a shared log is named after its process', () => {
  const log = new Shared();
  expect(clientName(log, systemPlatform).startsWith(`${log.storeId}.`)).toBe(true);
  expect(clientName(new MemoryLog(), systemPlatform)).not.toContain('.');
});
