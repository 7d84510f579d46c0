// Channels with schemas: what is sent and what is received has the types that the schemas say, also with defaults filled in.
import { createBus } from 'busline';
import type { Bus, Channel, Entry, InputOf, Message, MessageBus, OutputOf, StandardSchema } from 'busline';
import { MessageBusCore } from 'busline/core';
import * as z from 'zod';

const note = z.object({ text: z.string(), tags: z.array(z.string()).default([]) });
const schemas = { notes: note, votes: z.enum(['yes', 'no']), due: z.iso.date().transform((day) => new Date(day)) };
type Notes = typeof schemas;
type Note = z.output<typeof note>;

const bus: Bus<Notes> = createBus({ name: 'notes', schemas });

export async function right(): Promise<void> {
  const sent = await bus.send({ channelId: 'notes', content: { text: 'buy milk' } });
  sent.content satisfies Note;
  sent.content.tags satisfies string[];
  bus.subscribe('notes', ({ content }) => content.tags.join());
  bus.subscribe('votes', (message: Message<'yes' | 'no'>) => message.content === 'yes');
  bus.subscribe('due', ({ content }, { reply }) => reply(content.getFullYear()));
  for await (const { content } of bus.messages('due', { from: 'earliest' })) content satisfies Date;
  const [first] = await bus.history('votes', { limit: 1 });
  first?.content satisfies 'yes' | 'no' | undefined;
  const entries: readonly Entry<Note>[] = bus.live('notes').getSnapshot();
  bus.consume('notes', { group: 'index' }, ({ content }, { attempt }) => content.text.repeat(attempt));
  const notes: Channel<Notes, 'notes'> = bus.channel('notes');
  (await notes.send({ text: 'more', tags: ['a'] })).content.tags satisfies string[];
  notes.subscribe(({ content }) => content.text);
  notes.live({ last: entries.length }).getSnapshot() satisfies readonly Entry<Note>[];
}

export async function elsewhere(): Promise<void> {
  // Without a schema: what is received is unknown, what was sent is known.
  (await bus.send({ channelId: 'log', content: { level: 3 } })).content.level satisfies number;
  (await bus.channel('log').send('x')).content satisfies string;
  bus.subscribe('log', ({ content }) => (typeof content === 'string' ? content.length : 0));
  bus.subscribe('note*', ({ content }) => content satisfies unknown);
  const named: string = 'notes';
  await bus.send({ channelId: named, content: 1 });
  // Names that every object has are channels like any other.
  await bus.send({ channelId: 'constructor', content: 1 });
}

export async function wrong(): Promise<void> {
  // @ts-expect-error content of another type
  await bus.send({ channelId: 'notes', content: { text: 1 } });
  // @ts-expect-error a member that is missing
  await bus.send({ channelId: 'notes', content: { tags: [] } });
  // @ts-expect-error a member that there is not
  await bus.send({ channelId: 'notes', content: { text: 'a', tag: 'b' } });
  // @ts-expect-error content of another channel
  await bus.send({ channelId: 'votes', content: { text: 'a' } });
  // @ts-expect-error one that is no vote
  await bus.channel('votes').send('perhaps');
  // @ts-expect-error what is sent is a text, what is received a date
  await bus.send({ channelId: 'due', content: new Date() });
  // @ts-expect-error a handler of something else
  bus.subscribe('notes', (message: Message<number>) => message.content);
  // @ts-expect-error a handler of something else, in a group
  bus.consume('votes', { group: 'g' }, (message: Message<Note>) => message.content);
  // @ts-expect-error a handler of something else, bound to its channel
  bus.channel('notes').subscribe((message: Message<string>) => message.content);
  // @ts-expect-error what was not said to be of a type has none
  bus.subscribe('log', ({ content }) => content.level);
  // @ts-expect-error a date is not a number
  for await (const { content } of bus.messages('due')) content satisfies number;
}

/** Adapters and helpers ask for a bus; one with schemas is one. */
export function asBus(typed: MessageBus<Notes>, another: Bus<Notes>): readonly MessageBus[] {
  return [typed, another, new MessageBusCore({ schemas }), new MessageBusCore(), createBus({ schemas }), createBus()];
}

/** Any library that speaks Standard Schema will do, and one's own. */
const positive: StandardSchema<number, bigint> = {
  '~standard': {
    version: 1,
    vendor: 'own',
    validate: (value) =>
      typeof value === 'number' && value > 0 ? { value: BigInt(value) } : { issues: [{ message: 'not above 0' }] },
  },
};
const counted = new MessageBusCore({ schemas: { count: positive } });
counted.subscribe('count', ({ content }) => content * 2n);
// @ts-expect-error what is sent is a number
counted.send({ channelId: 'count', content: 1n });

export type Checks = [
  InputOf<Notes, 'notes'> extends { tags?: string[] | undefined } ? true : never,
  OutputOf<Notes, 'notes'> extends { tags: string[] } ? true : never,
  unknown extends OutputOf<Notes, 'log'> ? true : never,
];
export const checks: Checks = [true, true, true];
