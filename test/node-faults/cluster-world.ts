// A cluster that all processes share: its masters die and give way, and the slot in which the bus lies moves between them.

import { startCluster } from '../node/redis-cluster-nodes.ts';
import { oneAtATime } from './alone.ts';
import { ask } from './ask.ts';
import type { Fault, World } from './world.ts';
import { sleep } from './world.ts';

/** How much later, in milliseconds, a replica may have what its master has. */
const behind = 1000;
/** How long a replica may take to become the master. */
const patience = 20_000;
/** How long a master may sleep so that nobody takes its place. */
const brief = 600;

/** `restored` is called when what is stored may be what it was at that moment. */
export async function openCluster(restored: (copiedAt: number) => void): Promise<World> {
  const cluster = await startCluster();
  const alone = oneAtATime();
  const isMaster = async (url: string): Promise<boolean> => String(await ask(url, ['ROLE'])).startsWith('master');
  /** Or, if nobody chooses it in time, whoever was the master before goes on. */
  const becomesMaster = async (url: string): Promise<void> => {
    for (const end = performance.now() + patience; performance.now() < end; await sleep(50))
      if (await isMaster(url).catch(() => false)) return;
  };
  /** Over when the cluster is whole again. */
  const whole =
    (fault: (step: Parameters<Fault>[0]) => Promise<unknown>): Fault =>
    async (step) => {
      await fault(step);
      await cluster.whole();
      return true;
    };
  const asAdmin = (...commands: readonly (readonly string[])[]): Fault =>
    alone(async () => {
      await ask((await cluster.serving()).master.url, ...commands);
      return true;
    });

  return {
    placeFor: () => Promise.resolve({ url: cluster.url }),
    gone: () => Promise.resolve(),
    faults: {
      // In good order: nothing is lost that was acknowledged, and nothing is done again.
      'fail over': alone(whole(() => cluster.failOver())),
      // Some take longer than a silent process is taken to live.
      'move slot': alone(whole(({ ms, chance }) => cluster.moveSlot(() => sleep(chance < 0.2 ? ms / 4 : ms / 20)))),
      'kill redis': alone(
        whole(async () => {
          const { master, replica } = await cluster.serving();
          restored(performance.now() - behind);
          await master.kill();
          await becomesMaster(replica.url);
          await master.start();
        }),
      ),
      // Longer than the others wait: it wakes as a master that is none any more.
      'stop redis': alone(
        whole(async ({ ms }) => {
          const { master, replica } = await cluster.serving();
          restored(performance.now() - behind);
          master.signal('SIGSTOP');
          await (ms < 800 ? sleep(Math.min(ms, brief)) : becomesMaster(replica.url));
          master.signal('SIGCONT');
        }),
      ),
      'kill connections': asAdmin(['CLIENT', 'KILL', 'TYPE', 'normal'], ['CLIENT', 'KILL', 'TYPE', 'pubsub']),
      'flush scripts': asAdmin(['SCRIPT', 'FLUSH']),
    },
    close: () => cluster.remove(),
  };
}
