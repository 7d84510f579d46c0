// The contract of a link, executable.

import type { Frame } from '../protocol/frames.ts';
import type { Link } from '../protocol/link.ts';
import type { Runner } from './runner.ts';
import { blockOf } from './sender.ts';

export interface LinkPair {
  readonly client: Link;
  readonly host: Link;
  /** Resolves when all that was sent so far, from either end, has arrived or never will. */
  readonly settle: () => Promise<void>;
}

const ping = (n: number): Frame => ({ type: 'ping', n });

function heardBy(link: Link): unknown[] {
  const heard: unknown[] = [];
  link.receive((frames) => heard.push(frames));
  return heard;
}

/** Registers the suite for a link with a test runner: `testLink({ describe, test, expect }, open)`. */
export function testLink({ describe, test, expect }: Runner, open: () => Promise<LinkPair> | LinkPair): void {
  const linked = (name: string, body: (pair: LinkPair) => Promise<void>): void => {
    test(name, async () => {
      const pair = await open();
      try {
        await body(pair);
      } finally {
        pair.client.close();
        pair.host.close();
      }
    });
  };

  describe('as a link', () => {
    linked('it brings what is sent, in order, one piece for each send, both ways', async ({ client, host, settle }) => {
      const pieces = Array.from({ length: 200 }, (_, at) => Array.from({ length: (at % 4) + 1 }, () => ping(at)));
      const heard = { client: heardBy(client), host: heardBy(host) };
      for (const piece of pieces) {
        client.send(piece);
        host.send(piece);
      }
      await settle();
      expect(heard).toEqual({ client: pieces, host: pieces });
    });

    linked('it keeps what arrives until somebody listens', async ({ client, host, settle }) => {
      client.send([ping(1)]);
      client.send([ping(2)]);
      await settle();
      const heard = heardBy(host);
      client.send([ping(3)]);
      await settle();
      expect(heard).toEqual([[ping(1)], [ping(2)], [ping(3)]]);
    });

    linked('it brings blocks with their binary as they are', async ({ client, host, settle }) => {
      const large = Uint8Array.from({ length: 100_000 }, (_, at) => at % 251);
      const frame: Frame = { type: 'push', n: 1, ack: 'stored', block: blockOf('a', ['text ☃', large]) };
      const heard = heardBy(host);
      client.send([frame]);
      await settle();
      expect(heard).toEqual([[frame]]);
    });

    linked('does not change what was sent when the sender’s array changes', async ({ client, host, settle }) => {
      const heard = heardBy(host);
      const frames = [ping(1)];
      client.send(frames);
      frames.push(ping(2));
      await settle();
      expect(heard).toEqual([[ping(1)]]);
    });

    linked('receives nothing after it was closed, and closing again is harmless', async ({ client, host, settle }) => {
      const heard = heardBy(client);
      host.send([ping(1)]);
      await settle();
      client.close();
      client.close();
      host.send([ping(2)]);
      await settle();
      expect(heard).toEqual([[ping(1)]]);
    });

    linked('still brings what was sent right before it was closed', async ({ client, host, settle }) => {
      const heard = heardBy(host);
      client.send([ping(1)]);
      client.close();
      await settle();
      expect(heard).toEqual([[ping(1)]]);
    });

    linked('takes what is sent after it is dead, and does nothing', async ({ client, host, settle }) => {
      const heard = { client: heardBy(client), host: heardBy(host) };
      client.close();
      client.send([ping(1)]);
      host.send([ping(2)]);
      await settle();
      host.close();
      host.send([ping(3)]);
      await settle();
      expect(heard).toEqual({ client: [], host: [] });
    });
  });
}
