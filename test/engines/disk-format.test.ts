// What an older build has left on disk is read, and gone on with. A fixture is made by the older build itself: see
// fixtures/make-format.mjs. Whoever changes what lies on disk adds one of the build before.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { ClientRow, JournalRow, Meta } from '../../src/browser/indexeddb-log/database.ts';
import { inEveryEngine } from './harness/engines.ts';
import type { Dump, Row } from './page/disk-format.ts';

const file = new URL('fixtures/format-1.json.gz', import.meta.url);
const dump = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Dump;
const { said, stores } = dump;
const heads = Object.fromEntries(said.channels.map(({ channelId, head }) => [channelId, head]));
const [[, { storeId }]] = stores['meta'] as [Row<'store', Meta>];

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at + 1);

/** The last 32 pushes of each client: of one they are all folded, of the other they all lie in the journal. */
function pushes(): readonly Row<string, ClientRow>[] {
  const found = new Map(stores['clients'] as readonly Row<string, ClientRow>[]);
  for (const [, { clients }] of stores['journal'] as readonly Row<unknown, JournalRow>[])
    for (const [clientId, rows] of clients) found.set(clientId, [...(found.get(clientId) ?? []), ...rows].slice(-32));
  return [...found];
}

inEveryEngine('what build c3a73e9 left on disk', (lab) => {
  test('has the stores that this build makes, once this build has opened it', async () => {
    const [old, fresh] = await lab().call('openedStores', dump);
    expect(old).toEqual(fresh);
  });

  test('is there: messages, places, bytes, descriptions, groups and dead letters; what was deleted is not', async () => {
    const { channels, messages, groups, deadLetters, talk } = await lab().call('readDump', dump);
    expect(messages).toEqual(said.messages);
    expect(said.messages['chat']?.map(({ offset }) => offset)).toEqual(
      range(303).filter((n) => ![5, 6, 302].includes(n)),
    );
    expect(said.messages['cleared']?.map(({ content }) => content)).toEqual([21, 22, 23].map((n) => `cleared ${n}`));
    expect(said.messages['trimmed']?.map(({ offset }) => offset)).toEqual(range(600).slice(200));
    // The stream whose writer is gone has an end now.
    const [ended] = channels.filter(({ channelId }) => channelId === 'talk');
    expect(ended).toMatchObject({ first: 1, head: 6 });
    const others = ({ channelId }: { readonly channelId: string }): boolean => channelId !== 'talk';
    expect(channels.filter(others)).toEqual(said.channels.filter(others));
    expect(groups).toEqual(said.groups.map((group) => ({ ...group, members: 0 })));
    expect(deadLetters).toEqual(said.deadLetters);
    const { finished, given, writing } = said.streams;
    expect(talk).toEqual([
      [finished, 'stored', 'It is all here.'],
      [given, 'aborted', 'It was given up.'],
      [writing, 'aborted', 'Once upon a time'],
    ]);
  });

  test('is gone on with by its groups, exactly where they were', async () => {
    const { handled, redriven, deadLetters, left } = await lab().call('goOn', dump);
    expect(handled).toEqual({
      // The first was in hand and the second waited; 1 to 3, 5, 7 and 8 were acknowledged.
      workers: [4, 6, 9, 10, 11, 12].map((offset) => ['jobs', offset, offset < 9 ? 2 : 1]),
      strict: [['jobs', 2, 1]],
      // A channel that is new is read from its start, one that was there from where it was.
      rooms: [
        ['room-1', 4, 1],
        ['room-3', 1, 1],
        ['room-3', 2, 1],
      ],
      ledger: [
        ['orders', 5, 2],
        ['orders', 6, 1],
      ],
    });
    expect({ redriven, deadLetters }).toEqual({ redriven: 1, deadLetters: 0 });
    expect(left).toEqual(left.map(([group, channelId]) => [group, channelId, 0, 0]));
    expect(left.length).toBe(said.groups.length + 1);
  });

  test('grows: what is new comes after what was there, and an id that was given before is known, or deleted', async () => {
    const { offsets, known, held, identity } = await lab().call('grow', dump);
    // In "talk", the end of the broken stream came before.
    const before = Object.entries({ ...heads, talk: 6 });
    const after = Object.fromEntries(before.map(([channelId, head]) => [channelId, head + 1]));
    expect(offsets).toEqual(after);
    expect(known).toEqual([301, 'INVALID_INPUT']);
    const expected = said.channels.map(({ channelId, first }) => [
      channelId,
      [first, after[channelId], `new in ${channelId}`],
    ]);
    expect(held).toEqual(Object.fromEntries(expected));
    expect(identity).toEqual([storeId, 276]);
  });

  test('is remembered: a block of another producer, a key and a push that are repeated are known', async () => {
    const clients = pushes();
    expect(clients.map(([, rows]) => rows.length)).toEqual(expect.arrayContaining([1, 32]));
    const { blocks, next, key, pushed } = await lab().call('repeat', dump, clients);
    expect(blocks).toEqual([2, 3, 4].map((offset) => ['known', offset]));
    expect(next).toEqual(['CONFLICT', 'GAP', ['stored', 5]]);
    expect(key).toEqual([['known', 3]]);
    expect(pushed).toEqual(clients.flatMap(([, rows]) => rows.map(([, , offset]) => ['known', offset])));
  });
});
