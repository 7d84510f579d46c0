// A master and a replica that all processes share, and sentinels that say which of them is which.

import { startSentinels } from '../node/redis-sentinels.ts';
import type { RedisServer } from '../node/redis-server.ts';
import { oneAtATime } from './alone.ts';
import { ask } from './ask.ts';
import type { World } from './world.ts';
import { sleep } from './world.ts';

/** How much later, in milliseconds, a replica may have what the master has. */
const behind = 1000;
/** How long a change of masters may take, until the one before is a replica again. */
const patience = 30_000;
/** After so long it is asked again for one that was begun, and for one that was refused. */
const [givenUp, refused] = [5000, 500] as const;

async function until(holds: () => Promise<boolean>, within = patience): Promise<boolean> {
  for (const end = performance.now() + within; performance.now() < end; await sleep(50))
    if (await holds().catch(() => false)) return true;
  return false;
}

const isMaster = async ({ url }: RedisServer): Promise<boolean> =>
  String(await ask(url, ['ROLE'])).startsWith('master');
const follows = async ({ url }: RedisServer): Promise<boolean> =>
  /role:slave[^]*master_link_status:up/.test(String(await ask(url, ['INFO', 'replication'])));

/** `restored` is called when what is stored may be what it was at that moment. */
export async function openSentinels(restored: (copiedAt: number) => void): Promise<World> {
  const all = await startSentinels('--appendonly', 'yes', '--appendfsync', 'always');
  const sentinel = `redis://127.0.0.1:${/:(\d+)[,/]/.exec(all.url)?.[1]}`;
  const pair = [all.master, all.replica] as const;
  const isWhole = async (): Promise<boolean> =>
    /slaves=1,sentinels=3/.test(String(await ask(sentinel, ['INFO', 'sentinel']))) &&
    ((await isMaster(pair[0])) ? follows(pair[1]) : (await isMaster(pair[1])) && follows(pair[0]));
  await until(isWhole);
  const alone = oneAtATime();
  const inOrder = async (): Promise<readonly [master: RedisServer, replica: RedisServer]> =>
    (await isMaster(pair[0])) ? pair : [pair[1], pair[0]];
  /** It may be refused for now, or begun and given up: while another one is under way, or when the replica was away. */
  const failOver = (replica: RedisServer): Promise<boolean> =>
    until(async () => {
      const isBegun = await ask(sentinel, ['SENTINEL', 'FAILOVER', 'bus']).then(
        () => true,
        () => false,
      );
      return until(() => isMaster(replica), isBegun ? givenUp : refused);
    });

  return {
    placeFor: () => Promise.resolve({ url: all.url }),
    gone: () => Promise.resolve(),
    faults: {
      'fail over': alone(async () => {
        const [, replica] = await inOrder();
        restored(performance.now() - behind);
        return (await failOver(replica)) && until(isWhole);
      }),
      'kill redis': alone(async () => {
        const [master, replica] = await inOrder();
        restored(performance.now() - behind);
        await master.kill();
        const isDone = await until(() => isMaster(replica));
        await master.start();
        return isDone && until(isWhole);
      }),
      // Longer than the sentinels wait: it wakes as a master that is none any more.
      'stop redis': alone(async ({ ms }) => {
        const [master, replica] = await inOrder();
        restored(performance.now() - behind);
        master.signal('SIGSTOP');
        const isDone = ms < 800 ? await sleep(200).then(() => true) : await until(() => isMaster(replica));
        master.signal('SIGCONT');
        return isDone && until(isWhole);
      }),
      'kill connections': alone(async () => {
        const [{ url }] = await inOrder();
        await ask(url, ['CLIENT', 'KILL', 'TYPE', 'normal'], ['CLIENT', 'KILL', 'TYPE', 'pubsub']);
        return true;
      }),
      'flush scripts': alone(async () => {
        const [{ url }] = await inOrder();
        await ask(url, ['SCRIPT', 'FLUSH']);
        return true;
      }),
    },
    async close() {
      for (const server of pair) server.signal('SIGCONT');
      await all.remove();
    },
  };
}
