// Streams: every tab writes some, and every tab reads all.

import type { MessageBus, ReadableMessage } from 'busline';
import { story } from '../record.ts';
import { awaited, life, random, sleep } from './life.ts';
import { failure } from './send.ts';
import { tell } from './tell.ts';

let seen = 0;
const reading = new Set<Promise<void>>();

export function write(bus: MessageBus): void {
  void awaited(writing(bus));
}

async function writing(bus: MessageBus): Promise<void> {
  const stream = bus.stream({ channelId: story });
  for (let count = random.whole(1, 12); count > 0; count--) {
    const delta = `${random.whole(0, 1e6).toString(36)} `;
    tell({ t: 'wrote', life, stream: stream.id, delta });
    stream.write(delta);
    if (random.chance(0.7)) await sleep(random.whole(0, 30));
  }
  await stream.close().then(
    () => tell({ t: 'closed', life, stream: stream.id }),
    (error: unknown) => tell({ t: 'failed', life, stream: stream.id, ...failure(error) }),
  );
}

export function read(bus: MessageBus): void {
  bus.streams(story, (stream) => {
    const promise = follow(stream, ++seen);
    reading.add(promise);
    void promise.finally(() => reading.delete(promise));
  });
}

async function follow(stream: ReadableMessage, number: number): Promise<void> {
  tell({ t: 'opened', life, stream: stream.id, seen: number });
  let text = '';
  let end = 'done';
  let content: string | undefined;
  try {
    for await (const part of stream) text += part;
    content = String((await stream.done).content);
  } catch (error) {
    end = failure(error).code;
  }
  tell({ t: 'read', life, seen: number, stream: stream.id, end, text, content });
}

export async function allRead(): Promise<void> {
  while (reading.size > 0) await Promise.all(reading);
}
