// A master, a replica, and three sentinels that look after them.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

export interface Sentinels {
  /** Names the sentinels, not the master. */
  readonly url: string;
  readonly master: RedisServer;
  readonly replica: RedisServer;
  remove(): Promise<void>;
}

async function startSentinel(folder: string, masterPort: number): Promise<{ port: number; child: ChildProcess }> {
  const port = await freePort();
  const file = join(folder, `sentinel-${port}.conf`);
  const settings = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor bus 127.0.0.1 ${masterPort} 2`,
    'sentinel down-after-milliseconds bus 500',
    'sentinel failover-timeout bus 2000',
  ];
  await writeFile(file, settings.join('\n'));
  const child = spawn('redis-server', [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (said.includes('+monitor master')) break;
  }
  child.stdout.resume();
  return { port, child };
}

export async function startSentinels(...options: string[]): Promise<Sentinels> {
  const master = await startRedis(...options);
  const replica = await startRedis(...options, '--replicaof', '127.0.0.1', String(master.port));
  const folder = await mkdtemp(join(tmpdir(), 'busline-sentinels-'));
  const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(folder, master.port)));
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/bus`,
    master,
    replica,
    remove: async () => {
      for (const { child } of sentinels) {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      await Promise.all([master.remove(), replica.remove()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
