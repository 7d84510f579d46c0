// Bugs that a log of this kind may well have, as edits of the source; each with the faults under which it shows soon.

import type { Edit } from '../faults/bundle.ts';
import type { Kind, NodeMix } from './plan.ts';

export interface Planted {
  readonly name: string;
  readonly kind: Kind;
  readonly edits: readonly Edit[];
  readonly mix: NodeMix;
  /** What is to be found, among whatever else is. */
  readonly shows: RegExp;
}

const sending = {
  one: 3,
  burst: 3,
  keyed: 1,
  flushed: 0,
  work: 0,
  ask: 0,
  story: 0,
  resubscribe: 0,
  ordered: 0,
  erase: 0,
  sweep: 0,
  pause: 15,
} as const;
const silent = {
  one: 0,
  burst: 0,
  keyed: 0,
  flushed: 0,
  work: 8,
  ask: 0,
  story: 0,
  resubscribe: 0,
  ordered: 0,
  erase: 0,
  sweep: 0,
  pause: 30,
} as const;
const ordering = { ...silent, work: 0, ordered: 6, pause: 15 } as const;
const erasing = { ...silent, work: 0, erase: 6, sweep: 4, pause: 5 } as const;
const answersLost = { 'swallow replies': 4, 'cut proxy': 2 } as const;

function edits(name: string, ...all: readonly Omit<Edit, 'name'>[]): readonly Edit[] {
  return all.map((edit) => ({ name, ...edit }));
}

export const planted: readonly Planted[] = [
  {
    name: 'acknowledged-before-it-is-read-back',
    kind: 'files',
    edits: edits('acknowledged-before-it-is-read-back', {
      file: 'src/node/file-log/journal.ts',
      find: 'const written = this.#active.write(taken.bytes, taken.records);',
      replace: `const written = this.#active.write(taken.bytes, taken.records);
      let at = this.#fold.head;
      for (const { line, settle } of batch) {
        if (line.proposal.t !== 'block') continue;
        at += line.proposal.header.count;
        settle.resolve({ verdict: { kind: 'stored', logId: this.#fold.logId, offset: at } });
      }`,
    }),
    mix: { weights: { 'kill process': 1 }, habits: sending, steps: 4, tabs: 3, wait: [200, 400] },
    shows: /^(log|lost): message .* was acknowledged/m,
  },
  {
    name: 'records-count-after-the-seal',
    kind: 'files',
    edits: edits('records-count-after-the-seal', {
      file: 'src/node/file-log/fold.ts',
      find: 'if (this.#isSealed) return { id, isVoid: true };',
      replace: '',
    }),
    mix: { weights: { 'kill process': 1, 'stop process': 3 }, habits: sending, steps: 8, tabs: 3, wait: [200, 400] },
    shows: /^(log|lost|double|order):/m,
  },
  {
    name: 'another-identity-when-in-doubt',
    kind: 'redis',
    edits: edits('another-identity-when-in-doubt', {
      file: 'src/node/redis-log/appending.ts',
      find: 'isAgain = true;',
      replace: 'isAgain = false;',
    }),
    mix: { weights: answersLost, habits: sending, steps: 12, tabs: 3, wait: [100, 300] },
    shows: /^double:/m,
  },
  {
    name: 'no-duplicate-rule',
    kind: 'redis',
    edits: edits('no-duplicate-rule', {
      file: 'src/node/redis-log/scripts.ts',
      find: "local again = own and ARGV[4] == '1' and blockOf(producer, blockId)",
      replace: 'local again = false',
    }),
    mix: { weights: answersLost, habits: sending, steps: 12, tabs: 3, wait: [100, 300] },
    shows: /^double:/m,
  },
  {
    name: 'bells-are-trusted',
    kind: 'redis',
    edits: edits(
      'bells-are-trusted',
      {
        file: 'src/node/redis-log/following.ts',
        find: 'if (firstOffset(block) > cursor.offset + 1) break;',
        replace: '',
      },
      {
        file: 'src/core/reader.ts',
        find: 'if (this.#credit > 0 && firstOffset(block) === cursor.offset + 1) {',
        replace: 'if (this.#credit > 0) {',
      },
    ),
    mix: {
      weights: { 'kill connections': 3, 'cut proxy': 3 },
      habits: sending,
      steps: 10,
      tabs: 3,
      wait: [200, 400],
      lasting: [100, 400],
    },
    shows: /^lost: .* missed/m,
  },
  {
    name: 'acknowledged-before-it-is-handled',
    kind: 'redis',
    edits: edits('acknowledged-before-it-is-handled', {
      file: 'src/core/consumer.ts',
      find: 'await this.#handler(message, new MessageAttempt(context, message, ref, this.#membership));',
      replace: `await this.#membership.settle(ref, done);
      await this.#handler(message, new MessageAttempt(context, message, ref, this.#membership));`,
    }),
    mix: { weights: { 'kill process': 1 }, habits: silent, steps: 8, tabs: 3, wait: [200, 400] },
    shows: /^work: message .* was done by nobody/m,
  },
  {
    name: 'the-next-before-the-last-is-done',
    kind: 'redis',
    edits: edits('the-next-before-the-last-is-done', {
      file: 'src/node/redis-log/group-scripts.ts',
      find: "while wanted > 0 and redis.call('HLEN', held) == 0 do",
      replace: 'while wanted > 0 do',
    }),
    mix: { weights: { 'kill connections': 1 }, habits: ordering, steps: 5, tabs: 3, wait: [200, 400] },
    shows: /^in order: .* while .* was at message/m,
  },
  {
    name: 'in-order-as-any-other',
    kind: 'files',
    edits: edits('in-order-as-any-other', {
      file: 'src/core/group-channel.ts',
      find: 'if (this.held.size > 0) return undefined;',
      replace: '',
    }),
    mix: { weights: { 'kill process': 1 }, habits: ordering, steps: 5, tabs: 3, wait: [200, 400] },
    shows: /^in order: /m,
  },
  {
    name: 'two-deletions-of-one-block',
    kind: 'redis',
    edits: edits('two-deletions-of-one-block', {
      file: 'src/node/redis-log/replacing.ts',
      find: 'const after = withoutDeleted(block, before);',
      replace: 'const after = block;',
    }),
    mix: { weights: { 'delay proxy': 1 }, habits: erasing, steps: 16, tabs: 4, wait: [200, 400] },
    shows: /^deleted: message .* is there/m,
  },
  {
    name: 'deleted-with-what-comes-after',
    kind: 'files',
    edits: edits('deleted-with-what-comes-after', {
      file: 'src/core/cut.ts',
      find: 'place === at ? blank(item) : item',
      replace: 'place >= at ? blank(item) : item',
    }),
    mix: { weights: { 'kill process': 1 }, habits: erasing, steps: 5, tabs: 3, wait: [200, 400] },
    shows: /^lost: message .* in "erasable"/m,
  },
  {
    name: 'cleared-with-what-comes-after',
    kind: 'redis',
    edits: edits('cleared-with-what-comes-after', {
      file: 'src/core/erasures.ts',
      find: 'said === undefined ? upTo : firstOffset(said) - 1',
      replace: 'said === undefined ? upTo : Number.MAX_SAFE_INTEGER',
    }),
    mix: { weights: { 'kill connections': 1 }, habits: erasing, steps: 12, tabs: 3, wait: [200, 400] },
    shows: /^lost: (message .* in )?"swept"/m,
  },
];
