// The checker itself: a history without a fault in it passes, and each rule that is broken once is found.
import { describe, expect, test } from 'vitest';
import { check } from './check.ts';
import type { Fact, Final, History, StoredMessage, Told } from './record.ts';

const [a, b] = ['t1.a', 't2.b'];
const position = (offset: number) => ({ 'c:a': { logId: 'L', offset } });

/** Two tabs, three messages, one of them work; one request and one stream. */
const story: readonly Fact[] = [
  { t: 'born', life: a },
  { t: 'born', life: b },
  { t: 'sub', life: a, sub: `${a}/1`, from: 'earliest' },
  { t: 'sub', life: b, sub: `${b}/1`, from: 'earliest' },
  { t: 'sent', life: a, ch: 'c:a', n: 1, id: 'm1' },
  { t: 'sent', life: a, ch: 'c:a', n: 2, id: 'm2' },
  { t: 'sent', life: a, ch: 'work', n: 1, id: 'w1' },
  { t: 'got', sub: `${a}/1`, ch: 'c:a', logId: 'L', offset: 1, id: 'm1' },
  { t: 'got', sub: `${b}/1`, ch: 'c:a', logId: 'L', offset: 1, id: 'm1' },
  { t: 'positions', sub: `${a}/1`, positions: position(1) },
  { t: 'got', sub: `${a}/1`, ch: 'c:a', logId: 'L', offset: 2, id: 'm2' },
  { t: 'got', sub: `${b}/1`, ch: 'c:a', logId: 'L', offset: 2, id: 'm2' },
  { t: 'positions', sub: `${a}/1`, positions: position(2) },
  { t: 'stored', life: a, ch: 'c:a', n: 1, id: 'm1', offset: 1 },
  { t: 'stored', life: a, ch: 'c:a', n: 2, id: 'm2', offset: 2 },
  { t: 'stored', life: a, ch: 'work', n: 1, id: 'w1', offset: 1 },
  { t: 'began', life: b, logId: 'W', offset: 1, attempt: 1 },
  { t: 'ended', life: b, logId: 'W', offset: 1, attempt: 1, how: 'returned' },
  { t: 'asked', life: a, n: 1 },
  { t: 'answered', life: a, n: 1, id: 'r1', to: 'q1', right: true },
  { t: 'wrote', life: a, stream: 's', delta: 'one ' },
  { t: 'opened', life: b, stream: 's', seen: 1 },
  { t: 'wrote', life: a, stream: 's', delta: 'two ' },
  { t: 'closed', life: a, stream: 's' },
  { t: 'read', life: b, seen: 1, stream: 's', end: 'done', text: 'one two ', content: 'one two ' },
  { t: 'drained', life: a },
  { t: 'drained', life: b },
  { t: 'reached', life: a },
  { t: 'reached', life: b },
  { t: 'dead', life: a, how: 'left' },
  { t: 'dead', life: b, how: 'left' },
];

const text = (id: string, offset: number, n: number, life = a): StoredMessage => ({
  id,
  offset,
  type: 'text',
  life,
  n,
});

const end: Final = {
  channels: {
    'c:a': { logId: 'L', head: 2, messages: [text('m1', 1, 1), text('m2', 2, 2)] },
    work: { logId: 'W', head: 1, messages: [text('w1', 1, 1)] },
    ask: {
      logId: 'A',
      head: 2,
      messages: [
        { id: 'q1', offset: 1, type: 'request' },
        { id: 'r1', offset: 2, type: 'response', inReplyTo: 'q1' },
      ],
    },
    story: { logId: 'S', head: 2, messages: [{ id: 'end:s', offset: 2, type: 'text', text: 'one two ' }] },
  },
  groups: [{ group: 'workers', channelId: 'work', pending: 0, lag: 0 }],
  deadLetters: [],
  streaming: [],
};

interface Change {
  /** Facts that are left out. */
  readonly without?: (fact: Fact) => boolean;
  /** Facts that come before the tabs are drained. */
  readonly more?: readonly Fact[];
  /** Facts that come first. */
  readonly early?: readonly Fact[];
  readonly final?: Partial<Final>;
  readonly channels?: Partial<Final['channels']>;
  readonly isComplete?: boolean;
}

function history(change: Change = {}): History {
  const { without = () => false, more = [], early = [], final = {}, channels = {}, isComplete = false } = change;
  const kept = story.filter((fact) => !without(fact));
  const drained = kept.findIndex(({ t }) => t === 'drained');
  const facts = [...early, ...kept.slice(0, drained), ...more, ...kept.slice(drained)];
  return {
    facts: facts.map((fact, at): Told => ({ ...fact, at: at * 10 })),
    final: { ...end, ...final, channels: { ...end.channels, ...channels } as Final['channels'] },
    isComplete,
  };
}

const is =
  (t: Fact['t'], fields: object = {}) =>
  (fact: Fact): boolean =>
    fact.t === t &&
    Object.entries(fields).every(([name, value]) => (fact as unknown as Record<string, unknown>)[name] === value);
const channel = (ch: 'c:a' | 'work', ...messages: StoredMessage[]): Change => ({
  channels: { [ch]: { logId: ch === 'work' ? 'W' : 'L', head: messages.length, messages } },
});
const work = { life: a, logId: 'W', offset: 1 };

describe('a history that the bus may have', () => {
  const good: readonly (readonly [string, Change])[] = [
    ['without faults', {}],
    [
      'in which a dying tab was not told that its message is stored',
      { without: is('stored', { n: 2 }), more: [{ t: 'dead', life: a, how: 'crashed' }] },
    ],
    [
      'in which the disk was full, and said so',
      { ...channel('c:a', text('m1', 1, 1), text('m3', 2, 3)), ...refusedForSpace() },
    ],
    ['in which a message comes again because the first attempt threw', { more: again('threw') }],
    [
      'in which a message comes again because its member died',
      { without: is('ended'), more: [{ t: 'dead', life: b, how: 'crashed' }, ...again('returned').slice(0, 2)] },
    ],
    [
      'in which nobody heard who began with a message, and died of it',
      { without: ({ t }) => t === 'began' || t === 'ended', more: [{ t: 'dead', life: b, how: 'crashed' }] },
    ],
    [
      'in which a message comes again because its member could not say in time that it was done',
      { more: [...quiet, ...again('returned').slice(0, 2)], isComplete: true },
    ],
    [
      'in which it was on record that a message is done before it was heard that another one, who has it by then, began',
      {
        more: [
          ...quiet,
          { t: 'handed', ...work, attempt: 2 },
          { t: 'acked', ...work, life: b, attempt: 1 },
          ...again('returned').slice(0, 2),
        ],
        isComplete: true,
      },
    ],
    [
      'in which a message comes again because its lease was lost',
      { more: [...again('returned'), { t: 'late', life: a }, { t: 'late', life: b }] },
    ],
    [
      'in which storage was cleared, and everybody was told',
      cleared([{ t: 'reset', sub: `${a}/1`, ch: 'c:a', reason: 'replaced', now: { logId: 'N', offset: 0 } }]),
    ],
    ['in which a channel was trimmed, and whoever was behind was told', trimmed([toldTrimmed(1)])],
    [
      'in which somebody begins with what was left',
      trimmed([
        { t: 'sub', life: a, sub: `${a}/2`, from: 'earliest' },
        { t: 'got', sub: `${a}/2`, ch: 'c:a', logId: 'L', offset: 2, id: 'm2' },
      ]),
    ],
    ['in which an id that its sender gave comes again, because its message was trimmed', trimmedAfter(`${a}:c:a:3`)],
    [
      'in which such a message comes again after later ones',
      {
        without: (fact) => fact.t !== 'drained' && 'id' in fact && fact.id === 'm1',
        more: [
          { t: 'stored', life: a, ch: 'c:a', n: 1, id: `${a}:c:a:1`, offset: 1 },
          { t: 'trimming', life: a, ch: 'c:a', upTo: 1 },
          ...[a, b].map((life): Fact => ({
            t: 'got',
            sub: `${life}/1`,
            ch: 'c:a',
            logId: 'L',
            offset: 3,
            id: `${a}:c:a:1`,
          })),
        ],
        channels: {
          'c:a': { logId: 'L', first: 2, head: 3, messages: [text('m2', 2, 2), text(`${a}:c:a:1`, 3, 1)] },
        },
      },
    ],
    [
      'in which somebody left before its messages were stored',
      {
        without: (fact) => is('stored', { n: 2 })(fact) || is('drained', { life: a })(fact),
        more: [
          { t: 'dead', life: a, how: 'closed' },
          { t: 'refused', life: a, ch: 'c:a', n: 2, id: 'm2', code: 'CLOSED', accepted: 'unknown', message: '' },
        ],
      },
    ],
    [
      'in which a stream was aborted',
      {
        without: is('read'),
        more: [{ t: 'read', life: b, seen: 1, stream: 's', end: 'STREAM_ABORTED', text: 'one ', content: undefined }],
      },
    ],
  ];
  test.each(good)('%s', (_name, change) => {
    expect(check(history(change))).toEqual([]);
  });
});

function refusedForSpace(): Change {
  const gone = (fact: Fact): boolean => 'id' in fact && fact.id === 'm2';
  const got = (sub: string): Fact => ({ t: 'got', sub, ch: 'c:a', logId: 'L', offset: 2, id: 'm3' });
  return {
    without: (fact) => gone(fact) || (fact.t === 'positions' && fact.positions['c:a']?.offset === 2),
    more: [
      { t: 'full' },
      { t: 'sent', life: a, ch: 'c:a', n: 2, id: 'm2' },
      { t: 'refused', life: a, ch: 'c:a', n: 2, id: 'm2', code: 'STORAGE_FULL', accepted: false, message: '' },
      { t: 'sent', life: a, ch: 'c:a', n: 3, id: 'm3' },
      got(`${a}/1`),
      got(`${b}/1`),
      { t: 'stored', life: a, ch: 'c:a', n: 3, id: 'm3', offset: 2 },
    ],
  };
}

const toldTrimmed = (offset: number): Fact => ({
  t: 'reset',
  sub: `${b}/1`,
  ch: 'c:a',
  reason: 'trimmed',
  now: { logId: 'L', offset },
});

/** The second reader had seen nothing when the first message was dropped. */
function trimmed(told: readonly Fact[], first = 2): Change {
  return {
    without: is('got', { sub: `${b}/1` }),
    early: [{ t: 'trimming', life: a, ch: 'c:a', upTo: 1 }],
    more: [...told, { t: 'got', sub: `${b}/1`, ch: 'c:a', logId: 'L', offset: 2, id: 'm2' }],
    channels: { 'c:a': { logId: 'L', first, head: 2, messages: [text('m2', 2, 2)].slice(first - 2) } },
  };
}

/** Both readers get this id at two places, and then all of the channel is dropped. */
function trimmedAfter(id: string): Change {
  const got = [3, 4].flatMap((offset) =>
    [a, b].map((life): Fact => ({ t: 'got', sub: `${life}/1`, ch: 'c:a', logId: 'L', offset, id })),
  );
  return {
    more: [...got, { t: 'trimming', life: a, ch: 'c:a', upTo: 4 }],
    channels: { 'c:a': { logId: 'L', first: 5, head: 4, messages: [] } },
  };
}

/** So much happens that a lease may be over. */
const quiet = Array.from({ length: 60 }, (): Fact => ({ t: 'busy', life: a }));

/** It comes to the other tab in a second attempt. */
function again(how: 'returned' | 'threw'): readonly Fact[] {
  return [
    { t: 'began', ...work, attempt: 2 },
    { t: 'ended', ...work, attempt: 2, how },
    { t: 'began', ...work, life: b, attempt: 3 },
    { t: 'ended', ...work, life: b, attempt: 3, how: 'returned' },
    { t: 'late', life: b },
  ];
}

/** The first message of the new log is seen by the first tab, after these. */
function cleared(told: readonly Fact[], storeId = 'another'): Change {
  return {
    more: [
      { t: 'clearing' },
      { t: 'cleared' },
      ...told,
      { t: 'sent', life: a, ch: 'c:a', n: 3, id: 'm3' },
      { t: 'got', sub: `${a}/1`, ch: 'c:a', logId: 'N', offset: 1, id: 'm3' },
      { t: 'stored', life: a, ch: 'c:a', n: 3, id: 'm3', offset: 1 },
      { t: 'host', life: 't3.c', kind: 'shared-worker', term: 1, storeId },
    ],
    early: [{ t: 'host', life: a, kind: 'shared-worker', term: 1, storeId: 'store' }],
    channels: { 'c:a': { logId: 'N', head: 1, messages: [text('m3', 1, 3)] } },
  };
}

const acknowledgedAt = (offset: number, id: string): Fact => ({
  t: 'stored',
  life: a,
  ch: 'c:a',
  n: 1,
  id,
  offset,
});

describe('a history that the bus may not have', () => {
  const bad: readonly (readonly [string, Change, RegExp])[] = [
    [
      'an acknowledged message is gone',
      { ...channel('c:a', text('m1', 1, 1)), without: is('got', { id: 'm2' }) },
      /^lost: message 2/,
    ],
    [
      'it is somewhere else',
      { ...channel('c:a', text('m2', 1, 2), text('m1', 2, 1)), without: is('got') },
      /^log: message 1 .* is at 2/,
    ],
    ['it has another content', channel('c:a', text('m1', 1, 1), text('m2', 2, 7)), /with another content/],
    ['an id of the bus was there twice before it was trimmed', trimmedAfter('m3'), /^double: id m3 was seen/],
    ['an id is there twice', channel('c:a', text('m1', 1, 1), text('m2', 2, 2), text('m2', 3, 9)), /^double: id m2/],
    [
      'a content is there twice',
      channel('c:a', text('m1', 1, 1), text('m2', 2, 2), text('m9', 3, 2)),
      /^double: message 2/,
    ],
    [
      'a sender is out of order',
      { ...channel('c:a', text('m2', 1, 2), text('m1', 2, 1)), without: is('got') },
      /^order: message 1/,
    ],
    ['an offset is left out', channel('c:a', text('m1', 1, 1), text('m2', 3, 2)), /^log: offset 3/],
    [
      'the head is another',
      { channels: { work: { logId: 'W', head: 5, messages: [text('w1', 1, 1)] } } },
      /its head is 5/,
    ],
    [
      'a refused message is there',
      {
        more: [
          { t: 'full' },
          { t: 'refused', life: a, ch: 'c:a', n: 2, id: 'm2', code: 'STORAGE_FULL', accepted: false, message: '' },
        ],
      },
      /not accepted and is in/,
    ],
    [
      'two saw different messages in one place',
      { more: [{ t: 'got', sub: `${b}/1`, ch: 'c:a', logId: 'L', offset: 2, id: 'm7' }] },
      /is m2 for .* and m7 for/,
    ],
    ['a reader misses one', { without: is('got', { sub: `${b}/1`, offset: 1 }) }, /^lost: t2.b\/1 missed c:a 1 to 1/],
    [
      'a reader sees one twice',
      { more: [{ t: 'got', sub: `${b}/1`, ch: 'c:a', logId: 'L', offset: 2, id: 'm2' }] },
      /^double: t2.b\/1 saw/,
    ],
    ['a reader gets into another log and is not told', cleared([]), /came from log L to N/],
    ['storage was cleared, and nobody can see it', cleared([], 'store'), /it is the store/],
    [
      'the store is another for no reason',
      { early: ['X', 'Y'].map((storeId): Fact => ({ t: 'host', life: a, kind: 'page', term: 1, storeId })) },
      /two stores/,
    ],
    [
      'a reader is told of a loss that was none',
      { more: [{ t: 'reset', sub: `${a}/1`, ch: 'c:a', reason: 'replaced', now: { logId: 'L', offset: 2 } }] },
      /nothing was lost/,
    ],
    ['a position goes back', { more: [{ t: 'positions', sub: `${a}/1`, positions: position(1) }] }, /from 2 back to 1/],
    [
      'a position is behind what was seen',
      { without: is('positions'), more: [{ t: 'positions', sub: `${a}/1`, positions: position(1) }] },
      /says that it is at c:a 1/,
    ],
    ['more is gone than was trimmed', trimmed([], 3), /^lost: c:a begins at 3/],
    ['a reader is told that more is gone than was trimmed', trimmed([toldTrimmed(2)]), /nothing was lost/],
    [
      'a reader misses what was trimmed, was there before, and is not told',
      {
        ...trimmed([
          { t: 'sub', life: a, sub: `${a}/2`, from: position(0) },
          { t: 'got', sub: `${a}/2`, ch: 'c:a', logId: 'L', offset: 2, id: 'm2' },
        ]),
      },
      /^lost: t1.a\/2 missed c:a 1 to 1/,
    ],
    [
      'a reader is sent back to what it has seen',
      { ...trimmed([toldTrimmed(1)]), without: () => false },
      /was at c:a 2 and was sent back to 1/,
    ],
    [
      'what was trimmed was acknowledged where another one was seen',
      { ...trimmed([]), without: is('stored', { n: 1, ch: 'c:a' }), more: [acknowledgedAt(1, 'm9')] },
      /was acknowledged at c:a 1, where .* saw m1/,
    ],
    [
      'work is done by nobody but one that died of it, and all is known of the dead',
      {
        without: is('ended'),
        more: [
          { t: 'sent', life: a, ch: 'work', n: 1, id: 'w1' },
          { t: 'dead', life: b, how: 'crashed' },
        ],
        isComplete: true,
      },
      /^work: message 1 was done by nobody, in 1 attempts/,
    ],
    ['a reader does not come to the end', { without: is('reached', { life: b }) }, /t2.b did not come to the end/],
    ['a send never settles', { without: is('stored', { n: 2 }) }, /^promise: t1.a c:a 2 never settled/],
    ['a request never settles', { without: is('answered') }, /^promise: t1.a request 1 never settled/],
    ['a stream never settles', { without: is('closed') }, /^promise: t1.a stream s never settled/],
    ['reading a stream never ends', { without: is('read') }, /^promise: t2.b reading 1 never settled/],
    [
      'a send fails for no reason',
      {
        without: is('stored', { n: 2 }),
        more: [
          { t: 'refused', life: a, ch: 'c:a', n: 2, id: 'm2', code: 'HOST_LOST', accepted: 'unknown', message: '' },
        ],
      },
      /refused .* with HOST_LOST/,
    ],
    [
      'the disk is said to be full when it is not',
      {
        without: is('stored', { n: 2 }),
        more: [
          { t: 'refused', life: a, ch: 'c:a', n: 2, id: 'm2', code: 'STORAGE_FULL', accepted: 'unknown', message: '' },
        ],
      },
      /with STORAGE_FULL/,
    ],
    [
      'something is thrown that nobody catches',
      { more: [{ t: 'uncaught', life: a, message: 'oh' }] },
      /nobody caught oh/,
    ],
    [
      'work is done by nobody',
      { without: (fact) => fact.t === 'began' || fact.t === 'ended' },
      /^work: message 1 was done by nobody/,
    ],
    [
      'work is done by two that live',
      {
        more: [
          { t: 'began', ...work, attempt: 2 },
          { t: 'ended', ...work, attempt: 2, how: 'returned' },
        ],
      },
      /^work: message 1 was done by t2.b .* and came to t1.a/,
    ],
    [
      'work is taken from a member before its lease can be over',
      { more: again('returned').slice(0, 2), isComplete: true },
      /^work: message 1 was done by t2.b .* and came to t1.a/,
    ],
    [
      'work comes again that is on record as done',
      {
        more: [{ t: 'acked', ...work, life: b, attempt: 1 }, ...quiet, ...again('returned').slice(0, 2)],
        isComplete: true,
      },
      /^work: message 1 was done by t2.b .* though that was on record/,
    ],
    [
      'work is given out again that is on record as done',
      {
        more: [
          { t: 'acked', ...work, life: b, attempt: 1 },
          ...quiet,
          { t: 'handed', ...work, attempt: 2 },
          ...again('returned').slice(0, 2),
        ],
        isComplete: true,
      },
      /^work: message 1 was done by t2.b .* though that was on record/,
    ],
    [
      'a dead letter has no reason',
      { final: { deadLetters: [{ channelId: 'work', offset: 1, reason: '' }] } },
      /has no reason/,
    ],
    [
      'a group has work left',
      { final: { groups: [{ group: 'workers', channelId: 'work', pending: 0, lag: 2 }] } },
      /2 before it in work/,
    ],
    [
      'a request has two answers',
      {
        channels: {
          ask: {
            logId: 'A',
            head: 2,
            messages: ['r1', 'r2'].map((id, at) => ({ id, offset: at + 1, type: 'response', inReplyTo: 'q1' })),
          },
        },
      },
      /q1 has 2 answers/,
    ],
    [
      "a request gets another one's answer",
      { without: is('answered'), more: [{ t: 'answered', life: a, n: 1, id: 'r1', to: 'q1', right: false }] },
      /another answer than its own/,
    ],
    [
      'two readers of a stream read differently',
      {
        without: is('read'),
        more: [{ t: 'read', life: b, seen: 1, stream: 's', end: 'done', text: 'one ', content: 'one two ' }],
      },
      /otherwise than it is stored/,
    ],
    [
      'a closed stream is not stored',
      { channels: { story: { logId: 'S', head: 0, messages: [] } } },
      /is stored as nothing/,
    ],
    [
      'a reader reads what nobody wrote',
      {
        without: is('read'),
        more: [{ t: 'read', life: b, seen: 1, stream: 's', end: 'STREAM_ABORTED', text: 'three', content: undefined }],
      },
      /what was not written/,
    ],
    ['a stream has no end', { final: { streaming: ['s'] } }, /s has no end/],
  ];
  test.each(bad)('%s', (_name, change, found) => {
    expect(check(history(change)).join('\n')).toMatch(new RegExp(found.source, 'm'));
  });
});
