// What is done to a master, its replica and their sentinels is done, or it is said that it was not: no run ends of it.
import { expect, test } from 'vitest';
import { ask } from './ask.ts';
import { openSentinels } from './sentinel-world.ts';
import type { Fault } from './world.ts';

test('a change of masters that is refused while another one is under way is asked for again', async () => {
  const copies: number[] = [];
  const world = await openSentinels((copiedAt) => void copies.push(copiedAt));
  try {
    const { url } = (await world.placeFor('a')) as { readonly url: string };
    const sentinel = `redis://127.0.0.1:${/:(\d+)[,/]/.exec(url)?.[1]}`;
    const failOver = ['SENTINEL', 'FAILOVER', 'bus'];
    await ask(sentinel, failOver);
    await expect(ask(sentinel, failOver)).rejects.toThrow('INPROG');
    const fault = world.faults['fail over'] as Fault;
    expect(await fault({ fault: 'fail over', wait: 0, pick: 0, chance: 0, ms: 0 })).toBe(true);
    expect(copies.length).toBe(1);
  } finally {
    await world.close();
  }
});
