// All that an agent app does with a bus, between two of them on one SharedWorker.
import { agent, createBus } from '../../../src/index.ts';
import type { Bus, Entry, LiveView } from '../../../src/index.ts';

function settled<T>(view: LiveView<T>, holds: (entries: readonly Entry<T>[]) => boolean): Promise<readonly Entry<T>[]> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (holds(view.getSnapshot())) resolve(view.getSnapshot());
    };
    view.subscribe(look);
    look();
  });
}

function watched<T>(store: { subscribe(l: () => void): () => void; getSnapshot(): T }, holds: (value: T) => boolean) {
  return new Promise<T>((resolve) => {
    const look = (): void => {
      if (holds(store.getSnapshot())) resolve(store.getSnapshot());
    };
    store.subscribe(look);
    look();
  });
}

async function work(a: Bus, b: Bus): Promise<readonly number[]> {
  const handled: number[] = [];
  const all = new Promise<void>((resolve) => {
    for (const bus of [a, b])
      bus.consume('work', { group: 'g' }, ({ content }) => {
        handled.push(content as number);
        if (handled.length === 20) resolve();
      });
  });
  for (let n = 0; n < 20; n++) void a.send({ channelId: 'work', content: n });
  await all;
  return handled.toSorted((x, y) => x - y);
}

async function files(from: Bus): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  const { messages } = await from.admin.exportTo((chunk) => void chunks.push(chunk));
  async function* read(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  const { known } = await from.admin.importFrom(read());
  return messages > 0 && messages === known;
}

export async function useAllVerbs(): Promise<{ readonly [verb: string]: unknown }> {
  const options = { name: 'verbs', workerUrl: '/worker.js' };
  const [a, b] = [createBus({ ...options, author: 'ada' }), createBus({ ...options, author: 'bob' })];
  b.respond('sums', ({ content }) => (content as number[]).reduce((sum, n) => sum + n, 0));
  const sum = (await a.request({ channelId: 'sums', content: [1, 2, 3] })).content;
  for (const bus of [a, b])
    bus.use(
      agent({
        name: 'echo',
        channels: ['chat'],
        async onMessage({ content }, attempt) {
          const stream = attempt.stream();
          for (const letter of String(content)) stream.write(letter);
          await stream.close();
        },
      }),
    );
  const view = b.live('chat');
  const read: string[] = [];
  await b.streams('chat', async (stream) => {
    for await (const part of stream) read.push(part);
  }).ready;
  const asked = await a.send({ channelId: 'chat', content: 'a question' });
  const entries = await settled(view, (list) => list.length === 2 && list[1]?.state === 'stored');
  await b.deleteMessage(asked.id, 'chat');
  const left = await settled(view, (list) => list.length === 1);
  a.setPresence('chat', { typing: true });
  const members = await watched(b.presence('chat'), (list) => list.length > 0);
  await a.admin.describe('chat', { name: 'The chat' });
  const [described] = await b.admin.channels('chat');
  const found = {
    sum,
    answers: entries.map(({ authorId, content }) => [authorId, content]),
    read: read.join(''),
    left: left.map(({ content }) => content),
    members,
    described: described?.name,
    handled: await work(a, b),
    imported: await files(a),
  };
  await Promise.all([a.close(), b.close()]);
  return found;
}
