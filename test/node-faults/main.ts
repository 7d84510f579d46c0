// Runs seeds, each with processes and a world of its own.

import { spawnSync } from 'node:child_process';
import type { Edit } from '../faults/bundle.ts';
import type { Setup } from '../faults/page/life.ts';
import type { Suite } from '../faults/tally.ts';
import type { Outcome } from '../faults/watched.ts';
import { programWith } from './bundle.ts';
import { faultKinds, planOf } from './plan.ts';
import type { Kind, NodeMix } from './plan.ts';
import { run } from './run.ts';

export { kinds, planOf } from './plan.ts';

/** `made`: what was broken, with its version. */
export function suiteOf(made: string): Suite {
  return { command: 'npm run faults -- --node', made, faults: faultKinds };
}

export interface Lab {
  run(kind: Kind, seed: number, mix?: NodeMix, roles?: readonly Setup['role'][]): Promise<Outcome>;
  version(): Promise<string>;
  close(): Promise<void>;
}

export async function openLab(edits: readonly Edit[] = []): Promise<Lab> {
  const program = await programWith(edits);
  return {
    run: (kind, seed, mix, roles) => run(planOf(kind, seed, mix), program.file, roles),
    version() {
      const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
      return Promise.resolve(`Redis ${/v=(\S+)/.exec(stdout)?.[1] ?? 'unknown'}`);
    },
    close: () => program.remove(),
  };
}
