// What a tab sends: numbered per channel, so that order, loss and doubles show.

import { isBusError } from 'busline';
import type { MessageBus, SendOptions } from 'busline';
import { awaited, life, random } from './life.ts';
import { tell } from './tell.ts';

const numbers = new Map<string, number>();

/** With what led to it, and to that. */
function withCauses(error: Error): string {
  return error.cause instanceof Error ? `${error.message} < ${withCauses(error.cause)}` : error.message;
}

export function failure(error: unknown): { code: string; accepted: unknown; message: string } {
  return isBusError(error)
    ? { code: error.code, accepted: error.accepted, message: withCauses(error) }
    : { code: 'NO_BUS_ERROR', accepted: undefined, message: String(error) };
}

export function send(bus: MessageBus, ch: string, options: SendOptions & { readonly keyed?: boolean } = {}): void {
  const { keyed = false, ...how } = options;
  const n = (numbers.get(ch) ?? 0) + 1;
  numbers.set(ch, n);
  const key = keyed ? { id: `${life}:${ch}:${n}` } : {};
  const content = { life, n, padding: 'x'.repeat(random.chance(0.02) ? 20_000 : random.whole(0, 60)) };
  const sending = bus.send({ channelId: ch, content, ...key }, how);
  tell({ t: 'sent', life, ch, n, id: sending.id });
  const settled = sending.then(
    ({ id, offset }) => tell({ t: 'stored', life, ch, n, id, offset }),
    (error: unknown) => tell({ t: 'refused', life, ch, n, id: sending.id, ...failure(error) }),
  );
  void awaited(settled);
  if (!keyed || !random.chance(0.2)) return;
  // Said twice, with other words: it is known by its key, and both hear of the first.
  const again = bus.send({ channelId: ch, content: { ...content, padding: 'again' }, ...key }, how);
  void awaited(
    again.then(
      ({ id, offset }) => tell({ t: 'stored', life, ch, n, id, offset }),
      (error: unknown) => tell({ t: 'refused', life, ch, n, id: again.id, ...failure(error) }),
    ),
  );
}
