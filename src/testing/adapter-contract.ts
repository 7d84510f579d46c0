// The contract of an adapter, executable: one that passes this can be given to any bus.

import { AdapterBench } from './adapter-bench.ts';
import type { AdapterSetup, Fault } from './adapter-bench.ts';
import type { Runner } from './runner.ts';

/** Registers the suite for an adapter with a test runner: `testAdapter({ describe, test, expect }, { create })`. */
export function testAdapter({ describe, test, expect }: Runner, setup: AdapterSetup): void {
  const working = (name: string, body: (bench: AdapterBench) => Promise<void>, fault?: () => Fault): void => {
    test(name, async () => {
      const bench = await AdapterBench.open(setup, fault?.());
      try {
        await body(bench);
      } finally {
        await bench.close();
        await setup.cleanup?.();
      }
    });
  };
  const expectAll = async (bench: AdapterBench): Promise<void> => {
    await bench.idle();
    expect(await bench.handled()).toEqual(bench.sent);
  };

  describe('as an adapter', () => {
    test('has a name', async () => {
      const { adapter } = await setup.create();
      expect(typeof adapter.name).toBe('string');
      expect(adapter.name === '').toBe(false);
      await setup.cleanup?.();
    });

    working('handles every message of its channels, in their order, whoever sent it', async (bench) => {
      for (const bus of [bench.home, bench.away, bench.home]) await bench.send(bus, 40);
      await expectAll(bench);
      expect(bench.problems).toEqual([]);
    });

    working('is attached once, and detached once', async (bench) => {
      await bench.send(bench.away, 10);
      await expectAll(bench);
      bench.home.removeAdapter(bench.under.adapter.name);
      await bench.bus.advance(0);
      expect(bench.counts).toEqual({ attach: 1, detach: 1 });
      await bench.close();
      expect(bench.counts).toEqual({ attach: 1, detach: 1 });
      expect(bench.problems).toEqual([]);
    });

    working('handles nothing more when it was detached', async (bench) => {
      await bench.send(bench.away, 10);
      await expectAll(bench);
      const before = [...(await bench.under.handled())];
      bench.home.removeAdapter(bench.under.adapter.name);
      await bench.send(bench.away, 10);
      await bench.bus.advance(1000);
      expect(await bench.under.handled()).toEqual(before);
    });

    working('misses nothing when the host dies', async (bench) => {
      for (const bus of [bench.away, bench.home, bench.away]) {
        const sending = bench.send(bus, 100);
        await bench.bus.killHost();
        await sending;
      }
      await expectAll(bench);
    });

    working(
      'goes on when it threw in one of its members',
      async (bench) => {
        const { home, away, channels } = bench;
        for (const channelId of channels) {
          await home.joinChannel(channelId);
          await home.leaveChannel(channelId);
          const { id } = await away.send({ channelId, content: 'to be deleted' });
          await away.deleteMessage(id, channelId);
          await away.clearChannel(channelId);
        }
        await bench.send(away, 40);
        await expectAll(bench);
      },
      () => (member) => member !== 'onMessage',
    );

    working(
      'is given again what it threw on, before what follows',
      async (bench) => {
        const sending = bench.send(bench.away, 40);
        await bench.bus.advance(10_000);
        await sending;
        // Without a group there is no second attempt.
        if (bench.under.adapter.group !== false) await expectAll(bench);
      },
      () => {
        const threw = new Set<string>();
        return (member, message) => {
          if (member !== 'onMessage' || message === undefined || threw.size > 2) return false;
          const isFirst = !threw.has(message.id);
          threw.add(message.id);
          return isFirst;
        };
      },
    );
  });
}
