// What a life does until it is told to stop, and what it is told to do then: the same for a tab and for a process.

import type { MessageBus } from 'busline';
import type { Positions } from '../../../src/core/log.ts';
import { plain } from '../record.ts';
import { allSettled, life, random, setup, sleep } from './life.ts';
import { reach, resubscribe, tellPositions } from './receive.ts';
import { send } from './send.ts';
import { allRead, write } from './story.ts';
import { tell } from './tell.ts';
import { ask } from './work.ts';

const doing = { stopped: false };

const verbs: { readonly [habit: string]: (on: MessageBus) => void } = {
  one: (on) => send(on, random.pick(plain.slice(0, 3))),
  burst: (on) => {
    const ch = random.pick(plain.slice(0, 3));
    for (let count = random.whole(2, 40); count > 0; count--) send(on, ch);
  },
  // Each has a block of its own: more of them than may be under way at once.
  keyed: (on) => {
    for (let count = random.chance(0.3) ? random.whole(40, 80) : random.whole(1, 6); count > 0; count--)
      send(on, random.pick(plain.slice(0, 3)), { keyed: true });
  },
  flushed: (on) => send(on, random.pick(plain.slice(0, 3)), { ack: 'flushed' }),
  work: (on) => {
    for (let count = random.whole(1, 8); count > 0; count--) send(on, 'work');
  },
  ask,
  story: write,
  resubscribe,
};

/** Does what it is in the habit of, again and again. */
export async function live(bus: MessageBus): Promise<void> {
  const { pause, ...shares } = setup.habits;
  const choices = Object.entries(shares).flatMap(([habit, share]) => Array.from({ length: share }, () => habit));
  while (!doing.stopped) {
    verbs[random.pick(choices)]?.(bus);
    if (random.chance(0.1)) tellPositions();
    await sleep(random.whole(0, pause));
  }
}

async function groupsAtRest(bus: MessageBus): Promise<void> {
  for (let looks = 1; ; looks++) {
    const groups = await bus.admin.groups();
    const busy = groups.filter(({ pending, lag }) => pending > 0 || lag > 0);
    if (busy.length === 0) return;
    // If that is the last that is heard, it says why.
    if (looks % 500 === 0) tell({ t: 'error', life, code: 'NOT_AT_REST', message: JSON.stringify(busy) });
    await sleep(10);
  }
}

/** What is asked of it when the faults are over. */
export function endings(bus: MessageBus) {
  return {
    stop: async () => {
      doing.stopped = true;
      await allSettled();
      tell({ t: 'drained', life });
    },
    heads: async () => {
      const infos = await bus.admin.channels();
      const own = infos.filter(({ channelId }) => plain.includes(channelId));
      const heads = Object.fromEntries(own.map(({ channelId, logId, head }) => [channelId, { logId, offset: head }]));
      tell({ t: 'heads', life, heads });
    },
    reach: async (heads: Positions) => {
      await reach(heads);
      await allRead();
      tell({ t: 'reached', life });
    },
    settle: async () => {
      await groupsAtRest(bus);
      tell({ t: 'settled', life });
    },
    leave: async () => {
      doing.stopped = true;
      await bus.close();
      tell({ t: 'left', life });
    },
  };
}
