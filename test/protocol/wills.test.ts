// Wills on a link: what a client says of them, and what the host makes of it.
import { describe, expect, test } from 'vitest';
import { messagesOf } from '../../src/core/block.ts';
import { checkClientFrame } from '../../src/protocol/check-client-frame.ts';
import type { RemoteHost } from '../../src/protocol/remote-host.ts';
import { readAll } from '../../src/testing/log-setup.ts';
import { blockOf } from '../../src/testing/sender.ts';
import { contents, quiet, until } from '../core/support.ts';
import { Succession } from './support.ts';

async function stored(succession: Succession): Promise<unknown[]> {
  const blocks = await readAll(succession.log, 'a');
  return contents(blocks.flatMap((block) => messagesOf(block, block.offset)));
}

/** A client that has a host. */
async function client(succession: Succession): Promise<RemoteHost> {
  succession.bus();
  const made = succession.clients.at(-1) as RemoteHost;
  await made.channels('*');
  return made;
}

const will = { id: 'w', block: blockOf('a', ['aborted'], 'abort') };

describe('a will', () => {
  test('is given with a push, also when the push is repeated to the next host', async () => {
    const succession = new Succession();
    const writer = await client(succession);
    succession.host.die();
    await writer.push(blockOf('a', ['begin']), 'stored', { will });
    succession.kill(writer);
    await until(() => succession.clients.length === 0);
    await quiet();
    expect(await stored(succession)).toEqual(['begin', 'aborted']);
  });

  test('is replaced and fulfilled by its client, in that order', async () => {
    const succession = new Succession();
    const [writer, other] = [await client(succession), await client(succession)];
    await writer.push(blockOf('a', ['begin']), 'stored', { will });
    await other.push(blockOf('a', ['other']), 'stored', { will });
    writer.setWill({ ...will, block: blockOf('a', ['aborted later'], 'abort') });
    await writer.channels('*');
    expect((await succession.log.records('will:')).size).toBe(2);
    await other.push(blockOf('a', ['end']), 'stored', { fulfils: 'w' });
    for (const each of [writer, other]) succession.kill(each);
    await quiet();
    await quiet();
    expect(await stored(succession)).toEqual(['begin', 'other', 'end', 'aborted later']);
  });

  test('that is none is not let in', () => {
    const frame = { type: 'will', will };
    expect(checkClientFrame(frame)).toEqual({ frame });
    for (const wrong of [{}, { ...will, id: 1 }, { ...will, block: {} }])
      expect(checkClientFrame({ ...frame, will: wrong })).toMatchObject({ wrong: expect.stringMatching(/^will/) });
    const push = { type: 'push', n: 1, ack: 'stored', block: blockOf('a', [1]) };
    expect(checkClientFrame({ ...push, fulfils: 1 })).toMatchObject({ wrong: expect.stringMatching(/^fulfils/) });
  });
});
