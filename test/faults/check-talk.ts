// What is promised settles, with the reasons that the faults give; requests have one answer, and streams one text.

import { story, talk } from './record.ts';
import type { Told } from './record.ts';
import { keyOf } from './view.ts';
import type { View } from './view.ts';

export function checkTalk(view: View): readonly string[] {
  return [
    ...checkPromises(view),
    ...checkReasons(view),
    ...checkAnswers(view),
    ...checkStreams(view),
    ...checkUncaught(view),
  ];
}

/** Sends, requests and streams of lives that lived to the end. */
function checkPromises(view: View): readonly string[] {
  const open = new Map<string, string>();
  for (const fact of view.facts) {
    if (fact.t === 'sent') open.set(keyOf(fact.life, fact.ch, fact.n), fact.life);
    else if (fact.t === 'stored' || fact.t === 'refused') open.delete(keyOf(fact.life, fact.ch, fact.n));
    else if (fact.t === 'asked') open.set(keyOf(fact.life, 'request', fact.n), fact.life);
    else if (fact.t === 'answered' || fact.t === 'unanswered') open.delete(keyOf(fact.life, 'request', fact.n));
    else if (fact.t === 'wrote') open.set(keyOf(fact.life, 'stream', fact.stream), fact.life);
    else if (fact.t === 'closed' || fact.t === 'failed') open.delete(keyOf(fact.life, 'stream', fact.stream));
    else if (fact.t === 'opened') open.set(keyOf(fact.life, 'reading', fact.seen), fact.life);
    else if (fact.t === 'read') open.delete(keyOf(fact.life, 'reading', fact.seen));
  }
  return [...open].flatMap(([what, life]) => (view.living.has(life) ? [`promise: ${what} never settled`] : []));
}

type Failed = Extract<Told, { t: 'refused' | 'unanswered' | 'failed' }>;

function isExpected(view: View, fact: Failed): boolean {
  const { t, code, life } = fact;
  // It left of its own will, and was not asked to wait.
  if (code === 'CLOSED') return view.dead.get(life)?.how === 'closed';
  if (code === 'STORAGE_FULL') return view.wasFull;
  // Its id was known, and what it was known by is gone before it could be told.
  if (code === 'INVALID_INPUT')
    return t === 'refused' && (view.mayLose || (fact.id.startsWith(life) && view.trimmedUpTo(fact.ch) > 0));
  if (t === 'unanswered') return code === 'TIMEOUT' || code === 'NO_RESPONDER' || code === 'RESPONDER_FAILED';
  return t === 'failed' && code === 'STREAM_ABORTED' && view.mayLose;
}

export function checkReasons(view: View): readonly string[] {
  const failed: readonly Failed[] = [...view.all('refused'), ...view.all('unanswered'), ...view.all('failed')];
  return failed.flatMap((fact) =>
    isExpected(view, fact) ? [] : [`promise: ${fact.t} for ${fact.life} with ${fact.code}: ${fact.message}`],
  );
}

function checkAnswers(view: View): readonly string[] {
  const problems: string[] = [];
  const answers = new Map<string, number>();
  for (const { type, inReplyTo } of view.final.channels[talk]?.messages ?? []) {
    if (inReplyTo === undefined || type !== 'response') continue;
    answers.set(inReplyTo, (answers.get(inReplyTo) ?? 0) + 1);
  }
  for (const [request, count] of answers) if (count > 1) problems.push(`request: ${request} has ${count} answers`);
  for (const { life, n, right } of view.all('answered'))
    if (!right) problems.push(`request: ${life} got another answer than its own to ${n}`);
  return problems;
}

function checkStreams(view: View): readonly string[] {
  const texts = new Map<string, string>();
  const writers = new Map<string, string>();
  for (const { life, stream, delta } of view.all('wrote')) {
    texts.set(stream, (texts.get(stream) ?? '') + delta);
    writers.set(stream, life);
  }
  const closed = new Set(view.all('closed').map(({ stream }) => stream));
  const problems = view.all('read').flatMap(({ life, stream, end, text, content }) => {
    const written = texts.get(stream) ?? '';
    // What it wrote at last a dying writer may not have said.
    const isOpen = view.dead.has(writers.get(stream) ?? '') || written === '';
    const wasWritten = written.startsWith(text) || (isOpen && text.startsWith(written));
    if (!wasWritten) return [`stream: ${life} read of ${stream} what was not written`];
    if (end === 'STREAM_ABORTED') return [];
    if (end !== 'done') return [`stream: ${life} read ${stream} to an end with ${end}`];
    if (text !== content) return [`stream: ${life} read ${stream} otherwise than it is stored`];
    return closed.has(stream) && text !== written
      ? [`stream: ${life} read ${stream} otherwise than it was written`]
      : [];
  });
  const stored = new Map((view.final.channels[story]?.messages ?? []).map(({ id, text }) => [id, text]));
  for (const stream of closed) {
    const text = stored.get(`end:${stream}`);
    if (text === undefined ? !view.mayLose : text !== texts.get(stream))
      problems.push(`stream: ${stream} was closed and is stored as ${text === undefined ? 'nothing' : 'another text'}`);
  }
  for (const id of view.final.streaming) problems.push(`stream: ${id} has no end, and nobody writes it`);
  return problems;
}

/** In pages nothing may fail unseen. */
export function checkUncaught(view: View): readonly string[] {
  const own = view.all('uncaught').filter(({ message }) => !message.includes('A fault of the test.'));
  return own.map(({ life, message }) => `promise: in ${life} nobody caught ${message}`);
}
