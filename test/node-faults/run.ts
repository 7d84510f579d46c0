// One run: processes that share a folder or a Redis of their own, the faults of a plan, then rest, and everything that was
// recorded.

import type { Setup } from '../faults/page/life.ts';
import { Tabs } from '../faults/tabs.ts';
import { watched } from '../faults/watched.ts';
import type { Outcome } from '../faults/watched.ts';
import { checkMore } from './check-more.ts';
import { openCluster } from './cluster-world.ts';
import { openFiles } from './files-world.ts';
import { Injector } from './injector.ts';
import type { Kind, Plan } from './plan.ts';
import { Processes } from './processes.ts';
import { openRedis } from './redis-world.ts';
import { openSentinels } from './sentinel-world.ts';
import type { World } from './world.ts';

type Role = Setup['role'];

/** `program` is the file that each process runs; see bundle.ts. All do everything unless `roles` says what each does. */
export async function run(plan: Plan, program: string, roles?: readonly Role[]): Promise<Outcome> {
  const started = performance.now();
  const { kind, seed, habits } = plan;
  const full = (): void => tabs.record({ t: 'full' });
  const restored = (copiedAt: number): void => tabs.record({ t: 'restored', copiedAt });
  const opening: { readonly [each in Kind]: () => Promise<World> } = {
    files: () => openFiles(full),
    redis: () => openRedis(restored),
    restored: () => openRedis(restored),
    sentinel: () => openSentinels(restored),
    cluster: () => openCluster(restored),
  };
  const world = await opening[kind]();
  const processes = new Processes(program, world);
  const tabs = new Tabs(processes, 'process:/', { bus: `${kind}-${seed}`, kind: 'process', seed, habits });
  try {
    const injector = new Injector(tabs, processes, world);
    const all = roles ?? Array.from({ length: plan.tabs }, (): Role => 'work');
    const opened = Promise.all(all.map((role) => tabs.add(role)));
    const course = { tabs, host: processes, injector, opened, started, isComplete: true };
    return checkMore(await watched(plan.steps, course));
  } finally {
    await processes.killAll();
    await world.close();
  }
}
