// Calls that must not compile, each with the reason why.
import { agent, createBus } from 'busline';
import type { Adapter, Entry, Json, Message, MessageBus } from 'busline';
import { MemoryLog, MessageBusCore } from 'busline/core';
import { createTestBus } from 'busline/testing';

declare const bus: MessageBus;
declare const message: Message;
declare const entry: Entry<string>;

export function sending(): void {
  // @ts-expect-error a message has content
  bus.send({ channelId: 'room' });
  // @ts-expect-error a message has a channel
  bus.send({ content: 1 });
  // @ts-expect-error one argument, not two: that is an adapter's call
  bus.send('room', { text: 'hello' });
  // @ts-expect-error priorities are named
  bus.send({ channelId: 'room', content: 1, priority: 5 });
  // @ts-expect-error times are numbers
  bus.send({ channelId: 'room', content: 1, timestamp: new Date() });
  // @ts-expect-error there is no such acknowledgement
  bus.send({ channelId: 'room', content: 1 }, { ack: 'delivered' });
  // @ts-expect-error offsets are given by the log
  bus.send({ channelId: 'room', content: 1, offset: 7 });
  // @ts-expect-error what is more goes into metadata
  bus.send({ channelId: 'room', content: 1, mood: 'merry' });
  // @ts-expect-error what is not JSON cannot be metadata
  bus.send({ channelId: 'room', content: 1, metadata: { at: new Date() } });
  // @ts-expect-error the content of a stream comes bit by bit
  bus.stream({ channelId: 'room', content: 'all of it' });
  // @ts-expect-error text only
  bus.stream({ channelId: 'room' }).write(1);
}

export function receiving(): void {
  // @ts-expect-error a handler is needed
  bus.subscribe('room');
  // @ts-expect-error what is received may be anything: look first
  bus.subscribe('room', ({ content }) => content.text);
  // @ts-expect-error a message is never changed
  bus.subscribe('room', (received) => (received.content = 'other'));
  // @ts-expect-error there is no such place
  bus.subscribe('room', () => undefined, { from: 'latest' });
  // @ts-expect-error a position has an offset
  bus.subscribe('room', () => undefined, { from: { logId: 'a' } });
  // @ts-expect-error a member belongs to a group
  bus.consume('room', {}, () => undefined);
  // @ts-expect-error only an attempt can be extended
  bus.subscribe('room', (_, { extend }) => extend(1000));
  // @ts-expect-error there is no such event
  bus.on('messages', () => undefined);
  // @ts-expect-error the id of a message, or a position
  bus.history('room', { before: 7 });
  // @ts-expect-error presence says what is JSON
  bus.setPresence('room', { since: new Map() });
}

export function values(): void {
  // @ts-expect-error there is one version
  message.version satisfies 2;
  // @ts-expect-error read-only
  message.content = 1;
  // @ts-expect-error states are named
  if (entry.state === 'sent') bus.admin.retry(entry.id);
  // @ts-expect-error a function is no JSON
  const json: Json = { call: () => 1 };
  // @ts-expect-error the snapshot of a view is not changed
  bus.live('room').getSnapshot().push(entry);
  void json;
}

export function making(): void {
  // @ts-expect-error there is no such host
  createBus({ hosts: ['cloud'] });
  // @ts-expect-error a list of schemas is none by channel
  createBus({ schemas: [1] });
  // @ts-expect-error what is no schema
  void new MessageBusCore({ schemas: { room: { parse: () => 1 } } });
  // @ts-expect-error a log is an object
  void new MessageBusCore({ log: MemoryLog });
  // @ts-expect-error an adapter has a name
  bus.use({ onMessage: () => undefined });
  // @ts-expect-error group: a name, or false
  bus.use({ name: 'x', group: true });
  // @ts-expect-error members of an adapter are called by their names
  const adapter: Adapter = { name: 'x', onmessage: () => undefined };
  // @ts-expect-error an agent has channels
  agent({ name: 'x', onMessage: () => 1 });
  // @ts-expect-error tabs are counted
  createTestBus({ tabs: 'two' });
  void adapter;
}
