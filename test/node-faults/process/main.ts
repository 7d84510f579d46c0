// A process of a run, with a bus in it. It says all that happens to it on its standard output, and does what it is told on its
// standard input.

import './environment.ts';
import { createInterface } from 'node:readline';
import { runInThisContext } from 'node:vm';
import { isBusError, MessageBusCore } from 'busline/core';
import type { Log } from 'busline/core';
import { FileLog, RedisLog } from 'busline/node';
import { isShared } from '../../../src/core/group-keeper.ts';
import type { SharedLog } from '../../../src/core/group-keeper.ts';
import type { Ref } from '../../../src/core/host.ts';
import { lookAtAll } from '../../faults/page/final.ts';
import { life, setup, sleep } from '../../faults/page/life.ts';
import { endings, live } from '../../faults/page/living.ts';
import { subscribe } from '../../faults/page/receive.ts';
import { flush, tell } from '../../faults/page/tell.ts';
import { consume, respond } from '../../faults/page/work.ts';
import type { Place } from '../world.ts';
import { keepOrder, liveMore, lookAtMore, watchErasable } from './more.ts';

tell({ t: 'born', life });
flush();
const died = (error: unknown): void => {
  tell({ t: 'uncaught', life, message: String(error instanceof Error ? error.stack : error) });
  flush();
};
process.on('uncaughtException', died);
process.on('unhandledRejection', died);

/** Redis may be away, or the disk full, as long as it likes. */
async function openLog(place: Place): Promise<Log> {
  for (;;) {
    try {
      return await ('url' in place
        ? RedisLog.open({ ...place, deadline: 1000, recheck: 500 })
        : FileLog.open({ ...place, poll: 50 }));
    } catch {
      await sleep(100);
    }
  }
}

/** Tells what is given out and what is on record, as the log has it: nothing between it and the handler hides it. */
function overheard(shared: SharedLog): void {
  const groups = shared.groups.bind(shared);
  shared.groups = (home) => {
    const keeper = groups(home);
    const join = keeper.join.bind(keeper);
    keeper.join = (clientId, name, request, sink, held) => {
      const workOf = ({ logId, offset, attempt }: Ref) => ({ life, logId, offset, attempt });
      const hand = sink.hand.bind(sink);
      sink.hand = (ref) => {
        tell({ t: 'handed', ...workOf(ref) });
        hand(ref);
      };
      const membership = join(clientId, name, request, sink, held);
      return {
        ...membership,
        settle: async (ref, outcome) => {
          await membership.settle(ref, outcome);
          if (outcome.kind === 'done') tell({ t: 'acked', ...workOf(ref) });
        },
      };
    };
    return keeper;
  };
}

const log = await openLog(JSON.parse(process.argv[3] as string) as Place);
if (isShared(log)) overheard(log);
const bus = new MessageBusCore({ log });
bus.on('error', ({ code, message }) => {
  tell({ t: 'error', life, code, message });
  // On a full disk there is no room for a member.
  if (message.startsWith('Group "workers" could not be joined')) setTimeout(() => consume(bus), 200);
  if (message.startsWith('Group "keeper" could not be joined')) setTimeout(() => keepOrder(bus), 200);
});

let isOver = false;

async function begin(): Promise<void> {
  const { role } = setup;
  const does = (part: typeof role): boolean => role === 'work' || role === part;
  if (does('member') && isShared(log)) {
    consume(bus);
    if (setup.habits.ask > 0) respond(bus);
    keepOrder(bus);
  }
  if (does('read')) subscribe(bus);
  if (!does('send')) return;
  watchErasable(bus);
  await Promise.all([live(bus), liveMore(bus, () => isOver)]);
}

const all = endings(bus);
const commands = {
  ...all,
  stop: () => {
    isOver = true;
    return all.stop();
  },
  leave: () => {
    isOver = true;
    return all.leave();
  },
  /** Drops this share of what is kept of a channel. */
  trim: async (ch: string, share: number) => {
    try {
      const { first, head } = await log.head(ch);
      const upTo = Math.floor(first - 1 + (head - first + 1) * share);
      tell({ t: 'trimming', life, ch, upTo });
      flush();
      await log.trim(ch, upTo);
      tell({ t: 'trimmed', life, ch });
    } catch (error) {
      // On a full disk there may be no room for saying that there is to be more, or for the tombstone of a file. And where
      // Redis is away for long, it may be told to leave before it could look.
      if (isBusError(error) && ['STORAGE_FULL', 'CLOSED'].includes(error.code)) return;
      throw error;
    }
  },
};
Object.assign(globalThis, { faults: commands });

const input = createInterface({ input: process.stdin });
input.on('line', (line) => void runInThisContext(line));
// Nobody is there any more who could want something.
input.on('close', () => process.exit(0));

async function look(): Promise<void> {
  await lookAtMore(log);
  tell({ t: 'final', life, final: await lookAtAll(bus) });
}

void (setup.role === 'look' ? look() : begin());
