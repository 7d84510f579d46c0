// A member of the group, an answerer of requests, and who asks them.

import { isBusError } from 'busline';
import type { MessageBus } from 'busline';
import { lease, slots, talk } from '../record.ts';
import { awaited, life, random, sleep } from './life.ts';
import { failure } from './send.ts';
import { tell } from './tell.ts';
import { witnessed } from './witness.ts';

export function consume(bus: MessageBus): void {
  const options = {
    group: 'workers',
    concurrency: slots,
    lease,
    maxAttempts: 8,
    backoff: { initial: 5, max: 50 },
  };
  bus.consume('work', options, async (_message, { attempt, position: { logId, offset }, signal }) => {
    const work = { life, logId, offset, attempt };
    witnessed({ t: 'began', ...work });
    let isLost = false;
    signal.addEventListener('abort', () => {
      isLost = true;
      tell({ t: 'lost', ...work });
    });
    if (random.chance(0.2)) await sleep(random.whole(0, 30));
    if (isLost) return;
    const how = offset % 9 === 0 && attempt === 1 ? 'threw' : 'returned';
    witnessed({ t: 'ended', ...work, how });
    if (how === 'threw') throw new Error('as the test wants');
  });
  bus.on('error', (error) => {
    if (isBusError(error) && error.code === 'LEASE_LOST') tell({ t: 'late', life });
  });
}

interface Question {
  readonly life: string;
  readonly n: number;
}

export function respond(bus: MessageBus): void {
  bus.respond(talk, async ({ content }) => {
    const { life: of, n } = content as Question;
    if (random.chance(0.3)) await sleep(random.whole(0, 20));
    if (n % 13 === 0) throw new Error('as the test wants');
    return { to: `${of}:${n}`, by: life };
  });
}

let asked = 0;

export function ask(bus: MessageBus): void {
  const n = ++asked;
  tell({ t: 'asked', life, n });
  void awaited(
    bus.request<{ readonly to: string }>({ channelId: talk, content: { life, n } }, { timeout: 3000 }).then(
      ({ id, inReplyTo = '', content }) =>
        tell({ t: 'answered', life, n, id, to: inReplyTo, right: content.to === `${life}:${n}` }),
      (error: unknown) => tell({ t: 'unanswered', life, n, ...failure(error) }),
    ),
  );
}
