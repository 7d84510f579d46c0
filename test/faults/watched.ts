// A run as it goes, whatever it is that lives and breaks: the faults of a plan, then rest, and everything that was recorded.

import type { Positions } from '../../src/core/log.ts';
import { check, checkUnfinished } from './check.ts';
import type { Step } from './plan.ts';
import type { Final, Told } from './record.ts';
import type { Tab, TabHost, Tabs } from './tabs.ts';
import type { Counts } from './under-way.ts';

/** What may pass until all promises have settled: longer than any deadline of the workload. */
export const patience = 20_000;

/** A run that is not over after this hangs in a place that none of its waits knows. */
const longest = 90_000;

/** How the problem of such a run begins. What it ran in is not to be used again. */
export const stuckMark = 'the run hangs';

export interface Outcome {
  readonly problems: readonly string[];
  readonly counts: Counts;
  readonly facts: readonly Told[];
  readonly ms: number;
}

/** Breaks things. */
export interface Breaker<F extends string> {
  readonly counts: Counts;
  /** The faults that are not over. */
  readonly pending: readonly string[];
  begin(step: Step<F>): Promise<void>;
  /** Resolves when all faults are over. */
  over(): Promise<void>;
}

export interface Course<F extends string> {
  readonly tabs: Tabs;
  readonly host: TabHost;
  readonly injector: Breaker<F>;
  /** Resolves when the faults may begin. */
  readonly opened: Promise<unknown>;
  /** By `performance.now()`. */
  readonly started: number;
  /** See `History`. */
  readonly isComplete?: boolean;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function watched<F extends string>(steps: readonly Step<F>[], course: Course<F>): Promise<Outcome> {
  const { tabs, injector, started } = course;
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<readonly string[]>((resolve) => {
    timer = setTimeout(() => resolve([`${stuckMark} in: ${injector.pending.join(', ') || 'no fault'}`]), longest);
  });
  const problems = await Promise.race([live(steps, course), stuck]);
  clearTimeout(timer);
  return { problems, counts: injector.counts, facts: tabs.facts, ms: performance.now() - started };
}

async function live<F extends string>(
  steps: readonly Step<F>[],
  { tabs, host, injector, opened, isComplete = false }: Course<F>,
): Promise<readonly string[]> {
  await opened;
  for (const step of steps) {
    await sleep(step.wait);
    await injector.begin(step);
  }
  await injector.over();
  const rest = new Rest(tabs, host);
  const left = await rest.come();
  const final = left.length > 0 ? undefined : await rest.look();
  await rest.end();
  if (final !== undefined) return check({ facts: tabs.facts, final, isComplete });
  const unfinished = left.length > 0 ? left : ['nobody could read what is there at the end'];
  return [...unfinished, ...checkUnfinished(tabs.facts)];
}

/** The end of a run, step by step, each awaited by what the tabs say. */
class Rest {
  readonly #tabs: Tabs;
  readonly #host: TabHost;

  constructor(tabs: Tabs, host: TabHost) {
    this.#tabs = tabs;
    this.#host = host;
  }

  /** Every tab stops, has its answers, has read everything and leaves. Resolves with who did not. */
  async come(): Promise<readonly string[]> {
    const tabs = [...this.#tabs.open];
    const drained = new Map(tabs.map((tab) => [tab, this.#said('drained', tab)]));
    for (const tab of tabs) void this.#tabs.tell(tab, 'stop');
    const late = await this.#missing(tabs, 'drained', (tab) => drained.get(tab) as Promise<boolean>);
    if (late.length > 0) return late;
    return this.#finish(tabs);
  }

  /** A tab that was not there before tells what it finds. */
  async look(): Promise<Final | undefined> {
    const tab = this.#tabs.add('look');
    const told = await this.#tabs.next('final', patience);
    this.#tabs.open.delete(await tab);
    await this.#host.closeTab((await tab).page).catch(() => undefined);
    return told?.final;
  }

  async end(): Promise<void> {
    for (const tab of this.#tabs.open) await this.#host.closeTab(tab.page).catch(() => undefined);
  }

  async #said(t: 'drained' | 'reached' | 'settled' | 'left', tab: Tab): Promise<boolean> {
    return (await this.#tabs.next(t, patience, ({ life }) => life === tab.life)) !== undefined;
  }

  async #missing(tabs: readonly Tab[], what: string, did: (tab: Tab) => Promise<boolean>): Promise<readonly string[]> {
    const all = await Promise.all(
      tabs.map(async (tab) => ((await did(tab)) ? [] : [`${tab.life} has not ${what} in ${patience} ms`])),
    );
    return all.flat();
  }

  async #finish(tabs: readonly Tab[]): Promise<readonly string[]> {
    const [first] = tabs;
    if (first === undefined) return ['no tab is left'];
    const heads = this.#tabs.next('heads', patience);
    void this.#tabs.tell(first, 'heads');
    const told = await heads;
    if (told === undefined) return [`${first.life} could not read the heads in ${patience} ms`];
    const reach = (tab: Tab): Promise<boolean> => this.#ask(tab, 'reach', 'reached', told.heads);
    const late = await this.#missing(tabs, 'reached the heads', reach);
    if (late.length > 0) return late;
    const busy = await this.#missing([first], 'seen the groups at rest', (tab) => this.#ask(tab, 'settle', 'settled'));
    if (busy.length > 0) return busy;
    const stayed = await this.#missing(tabs, 'closed its bus', (tab) => this.#ask(tab, 'leave', 'left'));
    for (const tab of tabs) {
      this.#tabs.dead(tab, 'left');
      await this.#host.closeTab(tab.page).catch(() => undefined);
    }
    return stayed;
  }

  #ask(tab: Tab, command: string, t: 'reached' | 'settled' | 'left', ...given: readonly Positions[]): Promise<boolean> {
    const said = this.#said(t, tab);
    void this.#tabs.tell(tab, command, ...given);
    return said;
  }
}
