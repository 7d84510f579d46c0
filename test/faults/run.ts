// One run: a bus of its own in an origin of its own, the faults of a plan, then rest, and everything that was recorded.

import type { Browser } from './browser.ts';
import { Injector } from './injector.ts';
import type { Plan } from './plan.ts';
import { Tabs } from './tabs.ts';
import { patience, watched } from './watched.ts';
import type { Outcome } from './watched.ts';

/** `port`: where the pages are served. Every run has an origin of its own there: storage, workers and quota are by origin. */
export async function run(plan: Plan, browser: Browser, port: string): Promise<Outcome> {
  const started = performance.now();
  const { seed, kind, habits } = plan;
  const name = `s${seed}-${kind}-${Math.random().toString(36).slice(2, 8)}`;
  const origin = `http://${name}.localhost:${port}`;
  const tabs = new Tabs(browser, `${origin}/`, { bus: name, kind, seed, habits });
  const injector = new Injector(browser, tabs, kind, origin);
  const isHosted = tabs.next('host', patience);
  const opened = Promise.all(Array.from({ length: plan.tabs }, () => tabs.add())).then(() => isHosted);
  return watched(plan.steps, { tabs, host: browser, injector, opened, started });
}
