// What a process does beside what tabs do, too: it handles a channel in order, and deletes.

import { agent } from 'busline/core';
import type { Log, MessageBusCore } from 'busline/core';
import { firstOffset, messagesOf } from '../../../src/core/block.ts';
import { awaited, life, random, setup, sleep } from '../../faults/page/life.ts';
import { tell } from '../../faults/page/tell.ts';
import type { MoreHabits } from '../plan.ts';
import { erasable, inOrder, more, swept } from '../record.ts';
import type { MoreFact, RemainingChannel, Remains } from '../record.ts';

const habits = setup.habits as typeof setup.habits & MoreHabits;
const say = (fact: MoreFact): void => tell(fact as never);
/** The same for all processes of this machine. */
const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Whoever lives longest of those that have it handles all of a channel, one after the other. */
export function keepOrder(bus: MessageBusCore): void {
  bus.removeAdapter('keeper');
  bus.use(
    agent({
      name: 'keeper',
      channels: [inOrder],
      onMessage: async (_message, { attempt, position: { logId, offset } }) => {
        const turn = { life, logId, offset, attempt };
        say({ t: 'turn', ...turn, clock: clock() });
        if (random.chance(0.3)) await sleep(random.whole(0, 15));
        say({ t: 'turned', ...turn, clock: clock() });
      },
    }),
  );
}

let count = 0;

async function put(bus: MessageBusCore, ch: string): Promise<void> {
  const n = (count += 1);
  const sentAt = clock();
  const content = { life, n, padding: 'x'.repeat(random.whole(0, 60)) };
  await bus.send({ channelId: ch, content }).then(
    ({ id, offset }) => say({ t: 'kept', life, ch, n, id, offset, sentAt, clock: clock() }),
    () => undefined,
  );
}

function putSome(bus: MessageBusCore, ch: string): Promise<unknown> {
  return Promise.all(Array.from({ length: random.whole(1, 6) }, () => put(bus, ch)));
}

/** What it was given last of those that may be deleted: others may be about to delete the same. */
const seen: { readonly id: string; readonly offset: number }[] = [];

export function watchErasable(bus: MessageBusCore): void {
  bus.subscribe(erasable, ({ id, offset, content }) => {
    if (habits.eraseOthers === 0 && (content as { readonly life: string }).life !== life) return;
    seen.push({ id, offset });
    if (seen.length > 12) seen.shift();
  });
}

async function erase(bus: MessageBusCore): Promise<void> {
  await putSome(bus, erasable);
  const [one] = seen.splice(random.whole(0, seen.length), 1);
  if (one === undefined) return;
  say({ t: 'deleting', life, ...one });
  await bus.deleteMessage(one.id, erasable).then(
    () => say({ t: 'deleted', life, ...one }),
    // It may be half deleted by another one, the disk may be full, and the bus closed: nothing was promised.
    () => undefined,
  );
}

async function sweep(bus: MessageBusCore): Promise<void> {
  await putSome(bus, swept);
  if (random.chance(0.5)) return;
  const n = (count += 1);
  say({ t: 'sweeping', life, n, clock: clock() });
  await bus.clearChannel(swept).then(
    () => say({ t: 'swept', life, n, clock: clock() }),
    () => undefined,
  );
}

const verbs: { readonly [habit in 'ordered' | 'erase' | 'sweep']: (bus: MessageBusCore) => Promise<unknown> } = {
  ordered: (bus) => putSome(bus, inOrder),
  erase,
  sweep,
};

/** Again and again, one after the other, until it is over. */
export async function liveMore(bus: MessageBusCore, isOver: () => boolean): Promise<void> {
  const names = Object.keys(verbs) as (keyof typeof verbs)[];
  const choices = names.flatMap((name) => Array.from({ length: habits[name] }, () => name));
  while (!isOver() && choices.length > 0) {
    await awaited(verbs[random.pick(choices)](bus));
    await sleep(random.whole(0, habits.pause * 2));
  }
}

const patience = 8000;

/** When what was begun is ended, or it is clear that nobody does it. */
export async function lookAtMore(log: Log): Promise<void> {
  const open = async (): Promise<readonly string[]> => [
    ...(await log.records('erase:')).keys(),
    ...(await log.records('clear:')).keys(),
  ];
  for (const until = performance.now() + patience; (await open()).length > 0 && performance.now() < until;)
    await sleep(50);
  const channels: { [channelId: string]: RemainingChannel } = {};
  for (const ch of more) channels[ch] = await channel(log, ch);
  const remains: Remains = { channels, unfinished: await open() };
  say({ t: 'remains', life, remains });
}

async function channel(log: Log, ch: string): Promise<RemainingChannel> {
  const { first, head } = await log.head(ch);
  const holes: number[] = [];
  const messages: RemainingChannel['messages'][number][] = [];
  const clears: number[] = [];
  let after = first - 1;
  for (;;) {
    const { blocks } = await log.read(ch, after, 1000);
    if (blocks.length === 0) return { first, head, holes, messages, clears };
    for (const block of blocks) {
      for (let offset = after + 1; offset < firstOffset(block); offset += 1) holes.push(offset);
      after = block.offset;
      if (block.header.control === 'clear') clears.push(block.offset);
      if (block.header.kind !== 'data') continue;
      for (const { id, offset, content } of messagesOf(block, block.offset))
        messages.push({ id, offset, ...(content as { life: string; n: number }) });
    }
  }
}
