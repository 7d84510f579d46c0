import { expect, test } from './support/tabs.ts';

test('what was exported from one profile is imported into another, once', async ({ openTab, browser }) => {
  const from = await openTab();
  const file = await from.evaluate(async () => {
    globalThis.bus = busline.createBus({ author: 'ada' });
    const sendings = Array.from({ length: 1000 }, (_, n) => bus.send({ channelId: `room:${n % 3}`, content: { n } }));
    await Promise.all(sendings);
    await bus.send({
      channelId: 'files',
      id: 'key',
      content: { bytes: new Uint8Array(100_000).fill(7), note: 'größer' },
    });
    await bus.admin.describe('room:0', { name: 'The first', metadata: { color: 'red' } });
    const chunks: Uint8Array[] = [];
    const { messages } = await bus.admin.exportTo((chunk) => chunks.push(chunk));
    return { messages, text: await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text() };
  });
  expect(file.messages).toBe(1001);
  const other = await browser.newContext();
  const to = await openTab(other);
  const found = await to.evaluate(async (text) => {
    globalThis.bus = busline.createBus();
    const pieces = (): AsyncIterable<Uint8Array> => new Blob([text]).stream();
    const results = [await bus.admin.importFrom(pieces()), await bus.admin.importFrom(pieces())];
    const history = await bus.history('room:0', { limit: 1000 });
    const [first] = await bus.admin.channels('room:0');
    const [binary] = await bus.history('files');
    const { bytes, note } = (binary?.content ?? {}) as { bytes: Uint8Array; note: string };
    const damaged = (async function* () {
      yield new TextEncoder().encode(text.slice(0, text.length / 2));
    })();
    const error = await bus.admin.importFrom(damaged).catch((thrown: unknown) => (thrown as { code: string }).code);
    return {
      results,
      order: history.map(({ content }) => (content as { n: number }).n),
      author: history[0]?.authorId,
      name: first?.name,
      metadata: first?.metadata,
      binary: [binary?.id, bytes.length, bytes[99_999], note],
      error,
    };
  }, file.text);
  expect(found).toEqual({
    results: [
      { imported: 1001, known: 0 },
      { imported: 0, known: 1001 },
    ],
    order: Array.from({ length: 334 }, (_, n) => n * 3),
    author: 'ada',
    name: 'The first',
    metadata: { color: 'red' },
    binary: ['key', 100_000, 7, 'größer'],
    error: 'IMPORT_FAILED',
  });
  await other.close();
});
