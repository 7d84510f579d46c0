// Deleting and clearing over a link, whenever the host dies of it.
import type { Message } from 'busline/core';
import { expect, test } from 'vitest';
import { readAll } from '../../src/testing/log-setup.ts';
import { contents, failure, numbers, quiet, sendBlock } from '../core/support.ts';
import { Succession } from './support.ts';

async function settled<T>(action: Promise<T>): Promise<T> {
  for (let round = 0; round < 50; round++) await quiet();
  return action;
}

test.each(numbers(4, 40))(
  'a host that dies after %i frames keeps nothing that was deleted or cleared',
  async (life) => {
    const succession = new Succession([life]);
    const [bus, other] = [succession.bus('ada'), succession.bus('bob')];
    const deleted = new Set<unknown>();
    const resets: string[] = [];
    const messages: Message[] = [];
    other.on('message_deleted', ({ messageId }) => void deleted.add(messageId));
    other.subscribe('b', (message) => void messages.push(message), { onReset: ({ reason }) => resets.push(reason) });
    await quiet();
    const [first] = await settled(sendBlock(bus, 'a', ['secret', 'kept']));
    await settled(sendBlock(bus, 'b', ['secret']));
    await settled(bus.deleteMessage(first?.id ?? '', 'a'));
    await settled(bus.clearChannel('b'));
    await settled(sendBlock(bus, 'b', ['after']));
    const stored = [...(await readAll(succession.log, 'a')), ...(await readAll(succession.log, 'b'))];
    expect(JSON.stringify(stored)).not.toContain('secret');
    expect([...deleted]).toEqual([first?.id]);
    expect(contents(messages)).toEqual(['secret', 'after']);
    expect(resets).toEqual(['cleared']);
    expect(contents(await settled(other.history('a')))).toEqual(['kept']);
  },
);

test.each(numbers(4, 30))(
  'what is sent when a channel was cleared stays, though a host dies after %i frames and is asked again',
  async (life) => {
    const succession = new Succession([life]);
    const [bus, other] = [succession.bus('ada'), succession.bus('bob')];
    let after: Promise<Message> | undefined;
    other.on('channel_cleared', () => void (after ??= other.send({ channelId: 'a', content: 'after' })));
    await quiet();
    await settled(other.send({ channelId: 'a', content: 'before' }));
    await settled(bus.clearChannel('a'));
    expect(await settled(Promise.resolve(after))).toMatchObject({ content: 'after' });
    expect(contents(await settled(other.history('a')))).toEqual(['after']);
  },
);

test('what cannot be deleted is said to who asked', async () => {
  const bus = new Succession().bus();
  expect(await failure(bus.deleteMessage('x', 'a'))).toMatchObject({ code: 'INVALID_INPUT' });
});
