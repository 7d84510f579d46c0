// What is deleted does not come back; nothing else goes with it, and everything else stays where it is.

import { erasable, inOrder, swept } from './record.ts';
import type { MoreTold, Of, RemainingChannel, Remains } from './record.ts';

export function checkErased(facts: readonly MoreTold[], { channels, unfinished }: Remains): readonly string[] {
  const all = <T extends MoreTold['t']>(t: T): readonly Of<T>[] => facts.filter((fact): fact is Of<T> => fact.t === t);
  const deleting = new Set(all('deleting').map(({ id }) => id));
  const restored = all('restored');
  /** What was deleted since the copy was made was not in it. */
  const isUndone = (at: number): boolean => restored.some(({ copiedAt }) => copiedAt < at);
  const kept = all('kept');
  const clears = channels[swept]?.clears ?? [];
  const clearedUpTo = clears.at(-1) ?? 0;
  const ends = new Map(all('swept').map((fact) => [`${fact.life} ${fact.n}`, fact]));
  const sweeps = all('sweeping').map((fact) => ({ ...fact, end: ends.get(`${fact.life} ${fact.n}`) }));

  const isExcused = ({ ch, id, offset, sentAt }: Of<'kept'>): boolean => {
    if (ch === erasable) return deleting.has(id);
    // Whoever died of it may have left it to another one.
    return ch === swept && offset < clearedUpTo && sweeps.some(({ end }) => (end?.clock ?? Infinity) >= sentAt);
  };
  const lost = kept.flatMap((one) => {
    const found = channels[one.ch]?.messages.find(({ id }) => id === one.id);
    const text = `message ${one.n} of ${one.life} in "${one.ch}"`;
    if (found === undefined)
      return isExcused(one) ? [] : [`lost: ${text} was acknowledged at ${one.offset} and is not there`];
    if (found.life !== one.life || found.n !== one.n) return [`log: ${text} is another one`];
    return found.offset === one.offset
      ? []
      : [`log: ${text} was acknowledged at ${one.offset}, it is at ${found.offset}`];
  });
  const back = all('deleted').flatMap(({ id, offset, life, at }) =>
    channels[erasable]?.messages.some((message) => message.id === id) === true && !isUndone(at)
      ? [`deleted: message ${id} at ${offset} is there, though ${life} has deleted it`]
      : [],
  );
  const unswept = sweeps.flatMap(({ life, clock, end }) => {
    if (end === undefined || isUndone(end.at)) return [];
    const last = Math.max(
      0,
      ...kept.filter((one) => one.ch === swept && one.clock < clock).map(({ offset }) => offset),
    );
    return clearedUpTo > last ? [] : [`cleared: up to ${last}, by ${life}, and the channel says ${clearedUpTo}`];
  });
  return [
    ...lost,
    ...back,
    ...unswept,
    ...[inOrder, erasable, swept].flatMap((ch) => checkPlaces(ch, channels[ch])),
    ...checkFirst(
      channels,
      clearedUpTo,
      sweeps.some(({ end }) => isUndone(end?.at ?? Infinity)),
    ),
    ...unfinished.map((name) => `deleted: "${name}" was begun, and nobody ended it`),
  ];
}

function checkPlaces(ch: string, { holes, messages }: RemainingChannel = nothing): readonly string[] {
  const twice = messages.filter(({ id }, at) => messages.findIndex((one) => one.id === id) !== at);
  return [
    ...holes.map((offset) => `log: nothing is at ${offset} in "${ch}"`),
    ...twice.map(({ id, offset }) => `double: ${id} is in "${ch}" once more, at ${offset}`),
  ];
}

/** What was cleared since a copy was made, that was put back, may be there again. */
function checkFirst(channels: Remains['channels'], clearedUpTo: number, mayBeBack: boolean): readonly string[] {
  return [inOrder, erasable, swept].flatMap((ch) => {
    const { first, head, clears } = channels[ch] ?? nothing;
    const expected = ch === swept && clearedUpTo > 0 ? clearedUpTo : 1;
    // Two that cleared at once say so both.
    const isSaid = Array.from({ length: Math.max(0, expected - first) }, (_, at) => first + at).every((offset) =>
      clears.includes(offset),
    );
    const isRight = (first <= expected && isSaid) || head === 0 || (ch === swept && mayBeBack && first < expected);
    return isRight ? [] : [`lost: "${ch}" begins at ${first}, not at ${expected}`];
  });
}

const nothing: RemainingChannel = { first: 1, head: 0, holes: [], messages: [], clears: [] };
