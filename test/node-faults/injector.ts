// The faults of processes; those of what they share are the world's. Each counts only if it was really done.

import type { Step } from '../faults/plan.ts';
import type { Tab, Tabs } from '../faults/tabs.ts';
import { UnderWay } from '../faults/under-way.ts';
import type { Counts } from '../faults/under-way.ts';
import type { Breaker } from '../faults/watched.ts';
import type { FaultKind } from './plan.ts';
import type { Processes } from './processes.ts';
import type { Fault, World } from './world.ts';
import { sleep } from './world.ts';

/** Longer than any lease, and than a process that is not heard of is taken to live. */
const asleep = 6500;
/** How long a process may take to trim. */
const patience = 3000;
const most = 6;
/** Which of the channels is trimmed: none that a group reads. */
const trimmed = 'c:b';

export class Injector implements Breaker<FaultKind> {
  readonly #tabs: Tabs;
  readonly #processes: Processes;
  readonly #faults: Readonly<Partial<Record<FaultKind, Fault>>>;
  readonly #underWay = new UnderWay();

  constructor(tabs: Tabs, processes: Processes, world: World) {
    this.#tabs = tabs;
    this.#processes = processes;
    this.#faults = {
      ...world.faults,
      'kill process': (step) => this.#kill(step),
      'end process': (step) => this.#end(step),
      'stop process': (step) => this.#stop(step, step.ms),
      'stop process past its lease': (step) => this.#stop(step, asleep),
      'add reader': () => this.#addReader(),
      trim: (step) => this.#trim(this.#free(step), step.chance),
      'sleep past retention': (step) => this.#sleepPastRetention(step),
    };
  }

  begin(step: Step<FaultKind>): Promise<void> {
    const fault = this.#faults[step.fault];
    if (fault === undefined) throw new Error(`There is no fault "${step.fault}" here.`);
    void this.#underWay.add(step.fault, fault(step));
    return Promise.resolve();
  }

  over(): Promise<void> {
    return this.#underWay.over();
  }

  get counts(): Counts {
    return this.#underWay.counts;
  }

  get pending(): readonly string[] {
    return this.#underWay.names;
  }

  #free({ pick }: Step<FaultKind>): Tab | undefined {
    const free = [...this.#tabs.open].filter(({ busy, life }) => !busy && life !== undefined);
    return free[pick % free.length];
  }

  async #kill(step: Step<FaultKind>): Promise<boolean> {
    const tab = this.#free(step);
    if (tab === undefined) return false;
    this.#tabs.dead(tab, 'crashed');
    await Promise.all([this.#processes.kill(tab.page), this.#tabs.add()]);
    return true;
  }

  /** It closes its bus and leaves: what it had not finished is for others. */
  async #end(step: Step<FaultKind>): Promise<boolean> {
    const tab = this.#free(step);
    if (tab === undefined) return false;
    tab.busy = true;
    this.#tabs.dead(tab, 'closed');
    const left = this.#tabs.next('left', patience, ({ life }) => life === tab.life);
    await this.#tabs.tell(tab, 'leave');
    await left;
    await Promise.all([this.#processes.closeTab(tab.page), this.#tabs.add()]);
    return true;
  }

  async #stop(step: Step<FaultKind>, ms: number): Promise<boolean> {
    const tab = this.#free(step);
    if (tab === undefined || !this.#processes.signal(tab.page, 'SIGSTOP')) return false;
    tab.busy = true;
    await sleep(ms);
    this.#processes.signal(tab.page, 'SIGCONT');
    tab.busy = false;
    return true;
  }

  async #addReader(): Promise<boolean> {
    if (this.#tabs.open.size >= most) return false;
    await this.#tabs.add('read');
    return true;
  }

  async #trim(tab: Tab | undefined, chance: number): Promise<boolean> {
    if (tab === undefined) return false;
    tab.busy = true;
    const done = this.#tabs.next('trimmed', patience, ({ life }) => life === tab.life);
    await this.#tabs.tell(tab, 'trim', trimmed, chance);
    const wasDone = (await done) !== undefined;
    tab.busy = false;
    return wasDone;
  }

  async #sleepPastRetention(step: Step<FaultKind>): Promise<boolean> {
    const tab = this.#free(step);
    if (tab === undefined || !this.#processes.signal(tab.page, 'SIGSTOP')) return false;
    tab.busy = true;
    await sleep(step.ms);
    const wasTrimmed = await this.#trim(this.#free(step), 1);
    await sleep(step.ms);
    this.#processes.signal(tab.page, 'SIGCONT');
    tab.busy = false;
    return wasTrimmed;
  }
}
