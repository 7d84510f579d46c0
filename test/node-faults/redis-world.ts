// One Redis that all processes share, each through a proxy of its own.

import { startRedis } from '../node/redis-server.ts';
import { oneAtATime } from './alone.ts';
import { ask } from './ask.ts';
import { Proxy } from './proxy.ts';
import type { Fault, World } from './world.ts';
import { sleep } from './world.ts';

/** Some stops are longer than any deadline. */
const long = 2500;

/** `restored` is called when what is stored is what it was at that moment. */
export async function openRedis(restored: (copiedAt: number) => void): Promise<World> {
  const redis = await startRedis('--appendonly', 'yes', '--appendfsync', 'always');
  const proxies = new Map<string, Proxy>();
  const alone = oneAtATime();
  const asAdmin = (...commands: readonly (readonly string[])[]): Fault =>
    alone(async () => {
      await ask(redis.url, ...commands);
      return true;
    });

  const onProxy =
    (fault: (proxy: Proxy, step: Parameters<Fault>[0]) => Promise<void>): Fault =>
    async (step) => {
      const all = [...proxies.values()];
      const proxy = all[step.pick % all.length];
      if (proxy === undefined) return false;
      await fault(proxy, step);
      return true;
    };

  return {
    async placeFor(name) {
      const proxy = await Proxy.open(redis.port);
      proxies.set(name, proxy);
      return { url: `redis://127.0.0.1:${proxy.port}` };
    },
    async gone(name) {
      const proxy = proxies.get(name);
      proxies.delete(name);
      await proxy?.close();
    },
    faults: {
      'kill redis': alone(async ({ ms }) => {
        await redis.kill();
        await sleep(ms / 2);
        await redis.start();
        return true;
      }),
      'restore redis': alone(async ({ ms }) => {
        const copiedAt = performance.now();
        const putBack = await redis.copy();
        await sleep(ms);
        await redis.kill();
        await putBack();
        restored(copiedAt);
        await redis.start();
        return true;
      }),
      'stop redis': alone(async ({ ms, chance }) => {
        redis.signal('SIGSTOP');
        await sleep(chance < 0.2 ? long : ms);
        redis.signal('SIGCONT');
        return true;
      }),
      'kill connections': asAdmin(['CLIENT', 'KILL', 'TYPE', 'normal'], ['CLIENT', 'KILL', 'TYPE', 'pubsub']),
      'flush scripts': asAdmin(['SCRIPT', 'FLUSH']),
      'cut proxy': onProxy(async (proxy, { ms }) => {
        proxy.cut();
        await sleep(ms);
        proxy.mend('break');
      }),
      'delay proxy': onProxy(async (proxy, { ms, chance }) => {
        proxy.slow(5 + chance * 150);
        await sleep(ms);
        proxy.mend('leave');
      }),
      'swallow replies': onProxy(async (proxy, { ms, chance }) => {
        proxy.swallow();
        await sleep(ms);
        proxy.mend(chance < 0.5 ? 'break' : 'leave');
      }),
      'deafen proxy': onProxy(async (proxy, { ms, chance }) => {
        proxy.deafen();
        await sleep(ms);
        proxy.mend(chance < 0.5 ? 'break' : 'leave');
      }),
    },
    async close() {
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
      await redis.remove();
    },
  };
}
