// What a tab receives: every message that each of its subscriptions is given, and where it says that it stands.

import type { MessageBus, Subscription } from 'busline';
import type { Position, Positions } from '../../../src/core/log.ts';
import { plain } from '../record.ts';
import { life, random } from './life.ts';
import { tell } from './tell.ts';

interface Open {
  readonly sub: string;
  readonly subscription: Subscription;
}

let count = 0;
const open: Open[] = [];
let awaitedHeads: { readonly heads: Positions; readonly reached: () => void } | undefined;

export function subscribe(bus: MessageBus, from: 'earliest' | Positions = 'earliest'): void {
  const sub = `${life}/${++count}`;
  tell({ t: 'sub', life, sub, from });
  const subscription = bus.subscribe(
    '*',
    ({ channelId: ch, offset, id }, { position }) => {
      if (!plain.includes(ch)) return;
      tell({ t: 'got', sub, ch, logId: position.logId, offset, id });
      // After the turn: a subscription has come as far as what its handler was given.
      if (awaitedHeads !== undefined) queueMicrotask(look);
    },
    {
      from,
      onReset: ({ channelId: ch, now, reason }) => {
        if (plain.includes(ch)) tell({ t: 'reset', sub, ch, now, reason });
        queueMicrotask(look);
      },
    },
  );
  subscription.ready.then(() => look()).catch(() => undefined);
  open.push({ sub, subscription });
}

function plainOnly(positions: Positions): { [ch: string]: Position } {
  return Object.fromEntries(Object.entries(positions).filter(([ch]) => plain.includes(ch)));
}

export function tellPositions(): void {
  for (const { sub, subscription } of open)
    tell({ t: 'positions', sub, positions: plainOnly(subscription.positions()) });
}

/** Stops one and goes on with another: from where it was, or from the beginning. */
export function resubscribe(bus: MessageBus): void {
  tellPositions();
  const [stopped] = open.splice(random.whole(0, open.length - 1), 1);
  if (stopped === undefined) return;
  const positions = plainOnly(stopped.subscription.positions());
  stopped.subscription();
  tell({ t: 'unsub', sub: stopped.sub });
  subscribe(bus, random.chance(0.7) ? positions : 'earliest');
}

/** Resolves when every subscription has come at least as far as this. */
export function reach(heads: Positions): Promise<void> {
  return new Promise((reached) => {
    awaitedHeads = { heads, reached };
    look();
  });
}

function look(): void {
  if (awaitedHeads === undefined) return;
  const { heads, reached } = awaitedHeads;
  const isThere = ({ subscription }: Open): boolean => {
    const positions = subscription.positions();
    return Object.entries(heads).every(([ch, { logId, offset }]) => {
      const at = positions[ch];
      return at?.logId === logId && at.offset >= offset;
    });
  };
  if (!open.every(isThere)) return;
  awaitedHeads = undefined;
  tellPositions();
  reached();
}
