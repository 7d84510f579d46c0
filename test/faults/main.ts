// Runs seeds. One browser serves many of them; it is replaced when it fails.

import type { HostKind } from '../../src/index.ts';
import { knownHosts } from '../../src/browser/connect.ts';
import { serve } from '../../e2e/support/server.ts';
import { Browser } from './browser.ts';
import { bundleWith } from './bundle.ts';
import type { Edit } from './bundle.ts';
import { faultKinds, planOf } from './plan.ts';
import type { Mix } from './plan.ts';
import { run } from './run.ts';
import type { Suite } from './tally.ts';
import { stuckMark } from './watched.ts';
import type { Outcome } from './watched.ts';

/** Every kind of host that a browser can have. */
export const kinds: readonly HostKind[] = knownHosts;

export { planOf } from './plan.ts';

/** `made`: what was broken, with its version. */
export function suiteOf(made: string): Suite {
  return { command: 'npm run faults', made: `${made} (headless)`, faults: faultKinds };
}

export interface Lab {
  run(kind: HostKind, seed: number, mix?: Mix): Promise<Outcome>;
  version(): Promise<string>;
  close(): Promise<void>;
}

export async function openLab(edits: readonly Edit[] = []): Promise<Lab> {
  const bundle = await bundleWith(edits);
  const site = await serve({ '/': bundle.folder });
  const { port } = new URL(site.url);
  let browser = await Browser.start();
  const renew = async (): Promise<void> => {
    await browser.close();
    browser = await Browser.start();
  };
  return {
    async run(kind, seed, mix) {
      const plan = planOf(kind, seed, mix);
      // A browser that does not open tabs any more says nothing about the bus: another one has to.
      const outcome = await run(plan, browser, port).catch(async (error: unknown) => {
        console.warn(`${kind} ${seed} is begun anew: ${String(error)}`);
        await renew();
        return run(plan, browser, port);
      });
      if (outcome.problems.some((problem) => problem.startsWith(stuckMark))) await renew();
      return outcome;
    },
    version: () => browser.version(),
    async close() {
      await browser.close();
      await site.close();
      await bundle.remove();
    },
  };
}
