// An agent that answers as it thinks, and asks another one first; and a page that follows it word by word.
import { agent, createBus, isBusError } from 'busline';
import type { Adapter, Message, MessageBus, ReadableMessage } from 'busline';
import { agent as agentAnywhere, MessageBusCore } from 'busline/core';

declare function complete(prompt: string, signal: { readonly aborted: boolean }): AsyncIterable<string>;
declare function search(words: unknown): Promise<readonly string[]>;

const writer: Adapter = agent({
  name: 'writer',
  id: 'agent-writer',
  channels: ['room', 'agent-writer'],
  maxHops: 3,
  async onMessage(message, { bus, stream, attempt, extend, signal }) {
    if (attempt > 2 || message.priority === 'low') return undefined;
    const found = await bus.request<readonly string[]>(
      { channelId: 'agent-researcher', content: { question: message.content } },
      { timeout: 10_000, signal, onDelta: (delta, soFar) => delta.length + soFar.length },
    );
    await extend(60_000);
    const answer = stream();
    try {
      for await (const word of complete(found.content.join('\n'), answer.signal)) answer.write(word);
      const stored: Message = await answer.close();
      return stored.id;
    } catch (error) {
      answer.abort(error);
      throw error;
    }
  },
});

/** What an agent sends through its attempt is its answer. */
const echo = agentAnywhere({
  name: 'echo',
  channels: ['room'],
  onMessage: ({ content }) => `You said ${String(content)}`,
});

export function start(): MessageBus {
  const bus = createBus({ author: 'host' });
  bus.use(writer).use(echo);
  bus.respond('agent-researcher', ({ content }) => search(content), { group: 'researchers', concurrency: 4 });
  bus.respond('agent-thinker', async function* ({ content }, { signal }) {
    for await (const word of complete(String(content), signal)) yield word;
  });
  return bus;
}

async function show(stream: ReadableMessage): Promise<string> {
  for await (const delta of stream) if (delta.includes('STOP') || stream.text.length > 10_000) stream.stop();
  try {
    return (await stream.done).id;
  } catch (error) {
    if (isBusError(error) && error.code === 'STREAM_ABORTED') return stream.message.authorId;
    throw error;
  }
}

export async function ask(bus: MessageBus, question: string): Promise<string> {
  const stop = bus.streams('room', (stream) => show(stream));
  const answer = await bus.request<string>({ channelId: 'agent-thinker', content: question, to: 'agent-thinker' });
  stop();
  return answer.content;
}

/** A stream of one's own: somebody types, and all see it. */
export async function dictate(words: AsyncIterable<string>): Promise<number> {
  await using bus = new MessageBusCore({ author: 'ada' });
  const message = bus.stream({ channelId: 'room', type: 'dictation', inReplyTo: 'an-id' });
  for await (const word of words) {
    if (message.signal.aborted) break;
    message.write(word);
  }
  return (await message.close({ kind: 'dictated' })).offset;
}
