// What is in the log at the end: all that was acknowledged, where it was acknowledged, nothing twice, each sender in order.

import { plain } from './record.ts';
import type { StoredMessage, Told } from './record.ts';
import { keyOf, numbered } from './view.ts';
import type { View } from './view.ts';

type Ack = Extract<Told, { t: 'stored' }>;

/** How long after storage was cleared an acknowledgement may still be on its way that was given before. */
const onItsWay = 5000;

export function checkLog(view: View): readonly string[] {
  return [
    ...view.wrong,
    ...plain.flatMap((ch) => [...checkOffsets(view, ch), ...checkDoubles(view, ch), ...checkOrder(view, ch)]),
    ...checkAcknowledged(view),
    ...checkRefused(view),
    ...checkStore(view),
  ];
}

function checkOffsets(view: View, ch: string): readonly string[] {
  const { first = 1, head = 0, messages = [] } = view.final.channels[ch] ?? {};
  if (first - 1 > view.trimmedUpTo(ch)) return [`lost: ${ch} begins at ${first}, and nobody trimmed so much`];
  const wrong = messages.find(({ offset }, at) => offset !== first + at);
  if (wrong !== undefined) return [`log: offset ${wrong.offset} of ${ch} does not follow the one before`];
  const isWhole = messages.length === head - first + 1;
  return isWhole ? [] : [`log: ${ch} has ${messages.length} messages from ${first} on and its head is ${head}`];
}

function checkDoubles(view: View, ch: string): readonly string[] {
  const problems: string[] = [];
  const ids = new Set<string>();
  const contents = new Map<string, number>();
  for (const { id, offset, life, n } of numbered(view, ch)) {
    if (ids.has(id)) problems.push(`double: id ${id} is in ${ch} twice`);
    ids.add(id);
    const content = keyOf(life, n);
    const before = contents.get(content);
    if (before !== undefined)
      problems.push(`double: message ${n} of ${life} is in ${ch} at ${before} and at ${offset}`);
    contents.set(content, offset);
  }
  // Logs that are not there any more count as well.
  for (const [key, log] of view.logs) {
    if (!key.startsWith(`${ch} `)) continue;
    const seen = new Map<string, number>();
    for (const [offset, { id }] of log) {
      const before = seen.get(id);
      if (before !== undefined && !ids.has(id) && !isForgotten(view, ch, id, before))
        problems.push(`double: id ${id} was seen in ${key} at ${before} and ${offset}`);
      seen.set(id, offset);
    }
  }
  return problems;
}

/** An id that its sender gave is forgotten with what is trimmed: the message that says it again is another one. */
function isForgotten(view: View, ch: string, id: string, offset: number): boolean {
  return id.includes(`:${ch}:`) && offset <= view.trimmedUpTo(ch);
}

function checkOrder(view: View, ch: string): readonly string[] {
  const last = new Map<string, number>();
  const firsts = new Map<string, number>();
  for (const ack of view.all('stored'))
    firsts.set(keyOf(ack.ch, ack.id), Math.min(ack.offset, firsts.get(keyOf(ack.ch, ack.id)) ?? Infinity));
  return numbered(view, ch).flatMap(({ life, n, id, offset }) => {
    const before = last.get(life) ?? 0;
    last.set(life, Math.max(n, before));
    const first = firsts.get(keyOf(ch, id)) ?? offset;
    return n > before || (first < offset && isForgotten(view, ch, id, first))
      ? []
      : [`order: message ${n} of ${life} comes after ${before} in ${ch}, at ${offset}`];
  });
}

function checkAcknowledged(view: View): readonly string[] {
  const byId = new Map<string, StoredMessage>();
  for (const ch of plain) for (const message of numbered(view, ch)) byId.set(keyOf(ch, message.id), message);
  return view.all('stored').flatMap((ack) => {
    const { life, ch, n, id, offset } = ack;
    if (offset < (view.final.channels[ch]?.first ?? 1)) return checkTrimmed(view, ack);
    const found = byId.get(keyOf(ch, id));
    if (found === undefined)
      return isExcused(view, ack)
        ? []
        : [`lost: message ${n} of ${life} was acknowledged at ${ch} ${offset} and is not there`];
    if (found.life !== life || found.n !== n) return [`log: ${ch} ${id} was acknowledged with another content`];
    if (found.offset === offset || isExcused(view, ack)) return [];
    return [`log: message ${n} of ${life} was acknowledged at ${ch} ${offset} and is at ${found.offset}`];
  });
}

/** It went with what was trimmed; who saw that place before saw it there. */
function checkTrimmed(view: View, { life, ch, n, id, offset }: Ack): readonly string[] {
  const seen = view.logs.get(keyOf(ch, view.final.channels[ch]?.logId ?? ''))?.get(offset);
  if (seen === undefined || seen.id === id) return [];
  return [`log: message ${n} of ${life} was acknowledged at ${ch} ${offset}, where ${seen.by} saw ${seen.id}`];
}

/** It was acknowledged in a log that is gone, and whose going was told. */
function isExcused(view: View, { ch, id, at }: Ack): boolean {
  if (!view.mayLose) return false;
  const logs = view.logsOf.get(keyOf(ch, id)) ?? new Set();
  const isInAnother = [...logs].some((logId) => logId !== view.final.channels[ch]?.logId);
  return isInAnother || (logs.size === 0 && (view.clearedAt === undefined || at < view.clearedAt + onItsWay));
}

/** Who was told that it was not stored can rely on that. With a key it was said twice, and one of the two may be stored. */
function checkRefused(view: View): readonly string[] {
  const stored = new Set(plain.flatMap((ch) => numbered(view, ch).map(({ life, n }) => keyOf(ch, life, n))));
  return view
    .all('refused')
    .flatMap(({ life, ch, n, id, accepted, code }) =>
      accepted === false && !id.startsWith(life) && stored.has(keyOf(ch, life, n))
        ? [`log: message ${n} of ${life} was refused with ${code} as not accepted and is in ${ch}`]
        : [],
    );
}

/** Whoever opens a bus whose storage was cleared sees another store; else it is the same for all. */
function checkStore(view: View): readonly string[] {
  const told = view.all('host').filter(({ storeId }) => storeId !== '');
  const clearing = view.all('clearing')[0]?.at;
  const { clearedAt } = view;
  if (!view.mayLose) return new Set(told.map(({ storeId }) => storeId)).size > 1 ? ['log: there were two stores'] : [];
  if (clearedAt === undefined) return [];
  const last = told.at(-1);
  const isOld = told.some(({ storeId, at }) => storeId === last?.storeId && at < (clearing ?? 0));
  return isOld ? ['log: storage was cleared, and it is the store that it was before'] : [];
}
