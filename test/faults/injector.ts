// The faults themselves. Each resolves when it is over, and counts only if it was really done: what a page or a worker does to
// itself is counted when it said so.

import type { HostKind } from '../../src/index.ts';
import type { Browser } from './browser.ts';
import type { HostOrder } from './page/instrument.ts';
import type { FaultKind, Step } from './plan.ts';
import type { Tab, Tabs } from './tabs.ts';
import { UnderWay } from './under-way.ts';
import type { Counts } from './under-way.ts';
import type { Breaker } from './watched.ts';

/** How long it may take until a fault that was ordered is said to have happened: a host may hang, or there may be none. */
const patience = 2500;
/** One that is only starting is told again. */
const again = 80;
/** How long a tab may take to be there again. */
const reloading = 20_000;
const hour = 3_600_000;
/** A thread that does not answer within this stands still. */
const still = 60;

export class Injector implements Breaker<FaultKind> {
  readonly #browser: Browser;
  readonly #tabs: Tabs;
  readonly #kind: HostKind;
  readonly #origin: string;
  #nonces = 0;
  readonly #underWay = new UnderWay();

  constructor(browser: Browser, tabs: Tabs, kind: HostKind, origin: string) {
    this.#browser = browser;
    this.#tabs = tabs;
    this.#kind = kind;
    this.#origin = origin;
  }

  /** Begins it; what lasts goes on beside the next ones. Resolves early but for what stops everything. */
  async begin(step: Step): Promise<void> {
    const done = this.#inject(step).catch((error: unknown) => {
      // A browser that was killed takes with it whatever was under way in it.
      if (/(browser|session) is gone|No session|there is no answer/.test(String(error))) return false;
      throw error;
    });
    const over = this.#underWay.add(step.fault, done);
    if (step.fault === 'kill browser') await over;
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

  #tab(pick: number): Tab | undefined {
    const free = [...this.#tabs.open].filter(({ busy, life }) => !busy && life !== undefined);
    return free[pick % free.length];
  }

  async #inject(step: Step): Promise<boolean> {
    const { fault } = step;
    if (fault === 'kill browser') return this.#killBrowser();
    if (isOfHost(fault)) return this.#hostFault(fault, step);
    const tab = this.#tab(step.pick);
    if (tab === undefined) return false;
    return this.#tabFault(fault, tab, step);
  }

  #tabFault(fault: TabFault, tab: Tab, step: Step): Promise<boolean> {
    const all: { readonly [F in TabFault]: () => Promise<boolean> } = {
      'close tab': () => this.#close(tab),
      'crash tab': () => this.#crash(tab),
      'reload tab': () => this.#busy(tab, () => this.#reload(tab)),
      'leave and come back': () => this.#busy(tab, () => this.#leave(tab, step)),
      'hang tab': () => this.#hang(tab, step),
      'freeze process': () => this.#freeze(step),
      'move clock': () => this.#moveClock(tab, step),
      'clear storage': () => this.#clear(tab, step),
    };
    return all[fault]();
  }

  #hostFault(fault: HostFault, { ms, chance, pick }: Step): Promise<boolean> {
    // Neither can end itself.
    const isEndedFromOutside = this.#kind === 'service-worker' || this.#kind === 'page';
    const all: { readonly [F in HostFault]: () => Promise<boolean> } = {
      'hang host': () => this.#order({ do: 'hang', when: 'now', ms }),
      'hang host in a commit': () => this.#order({ do: 'hang', when: chance < 0.5 ? 'before' : 'after', ms }),
      'close host': () => (isEndedFromOutside ? this.#killHost() : this.#order({ do: 'close' })),
      'throw in host': () => this.#order({ do: 'throw' }),
      'kill host': () => this.#killHost(),
      'quota full': () => this.#fill(1 + (pick % 6)),
    };
    return all[fault]();
  }

  #fill(count: number): Promise<boolean> {
    this.#tabs.record({ t: 'full' });
    return this.#order({ do: 'full', count });
  }

  async #close(tab: Tab): Promise<boolean> {
    this.#tabs.dead(tab, 'closed');
    await this.#browser.closeTab(tab.page);
    await this.#tabs.add();
    return true;
  }

  async #hang(tab: Tab, { ms }: Step): Promise<boolean> {
    await this.#tabs.tell(tab, 'hang', ms);
    return true;
  }

  /** Told to whoever hosts, through any tab. */
  async #order(
    order: HostOrder extends infer O ? (O extends HostOrder ? Omit<O, 'nonce'> : never) : never,
  ): Promise<boolean> {
    const nonce = `${++this.#nonces}`;
    let at = this.#nonces;
    const done = this.#tabs.next('fault', patience, (told) => told.nonce === nonce);
    const tell = (): void => {
      const tab = this.#tab(at++);
      if (tab !== undefined) void this.#tabs.tell(tab, 'order', { ...order, nonce });
    };
    const timer = setInterval(tell, again);
    tell();
    const told = await done;
    clearInterval(timer);
    return told !== undefined;
  }

  async #killBrowser(): Promise<boolean> {
    const count = this.#tabs.open.size;
    await this.#browser.kill();
    for (const tab of this.#tabs.open) this.#tabs.dead(tab, 'killed');
    await this.#browser.relaunch();
    await Promise.all(Array.from({ length: Math.max(3, count) }, () => this.#tabs.add()));
    return true;
  }

  async #crash(tab: Tab): Promise<boolean> {
    this.#tabs.dead(tab, 'crashed');
    // It is never answered.
    this.#browser.send('Page.crash', {}, tab.page).catch(() => undefined);
    await Promise.all([this.#tabs.add(), this.#browser.closeTab(tab.page)]);
    return true;
  }

  async #browserGone(): Promise<undefined> {
    await this.#browser.gone;
    return undefined;
  }

  async #busy(tab: Tab, action: () => Promise<boolean>): Promise<boolean> {
    tab.busy = true;
    try {
      return await action();
    } finally {
      tab.busy = false;
    }
  }

  async #reload(tab: Tab): Promise<boolean> {
    const born = this.#tabs.next('born', reloading, ({ life }) => life.startsWith(`${tab.name}.`));
    await this.#browser.send('Page.reload', {}, tab.page);
    return (await Promise.race([born, this.#browserGone()])) !== undefined;
  }

  /** Whether the page is kept meanwhile is up to the browser: if not, it begins another life. */
  async #leave(tab: Tab, { ms }: Step): Promise<boolean> {
    await this.#browser.send('Page.navigate', { url: `${this.#origin}/away.html` }, tab.page);
    await new Promise((resolve) => setTimeout(resolve, ms / 2));
    const back = this.#tabs.next('back', reloading, ({ life }) => life.startsWith(`${tab.name}.`));
    await this.#browser.send('Runtime.evaluate', { expression: 'history.back()' }, tab.page);
    return (await Promise.race([back, this.#browserGone()])) !== undefined;
  }

  /** A process with tabs in it, and with them the workers that live there. */
  async #freeze({ pick, ms }: Step): Promise<boolean> {
    const pids = await this.#browser.renderers();
    for (let at = 0; at < pids.length; at++) {
      const pid = pids[(pick + at) % pids.length] as number;
      if (!this.#browser.freeze(pid)) continue;
      try {
        if (!(await this.#someStandStill())) continue;
        await new Promise((resolve) => setTimeout(resolve, ms));
        return true;
      } finally {
        this.#browser.thaw(pid);
      }
    }
    return false;
  }

  async #someStandStill(): Promise<boolean> {
    const answers = [...this.#tabs.open].map((tab) => this.#tabs.tell(tab, 'toString'));
    const tooLong = new Promise<true>((resolve) => {
      setTimeout(() => resolve(true), still);
    });
    return Promise.race([Promise.all(answers).then(() => false), tooLong]);
  }

  async #moveClock(tab: Tab, { ms, chance }: Step): Promise<boolean> {
    const by = ms % 2 === 0 ? hour : -hour;
    if (chance < 0.5) return this.#order({ do: 'clock', ms: by });
    await this.#tabs.tell(tab, 'shiftClock', by);
    return true;
  }

  async #clear(tab: Tab, { chance }: Step): Promise<boolean> {
    this.#tabs.record({ t: 'clearing' });
    if (chance < 0.5) {
      const nonce = `${++this.#nonces}`;
      // A host that hangs holds it up.
      const done = this.#tabs.next('fault', patience, (told) => told.nonce === nonce);
      await this.#tabs.tell(tab, 'clear', nonce);
      if ((await done) === undefined) return false;
    } else {
      const what = { origin: this.#origin, storageTypes: 'indexeddb' };
      await this.#browser.send('Storage.clearDataForOrigin', what, tab.page);
    }
    this.#tabs.record({ t: 'cleared' });
    return true;
  }

  async #killHost(): Promise<boolean> {
    if (this.#kind === 'shared-worker') return this.#killSharedWorker();
    if (this.#kind === 'service-worker') return this.#stopServiceWorkers();
    const leader = this.#leader();
    if (leader === undefined) return false;
    return this.#crash(leader);
  }

  async #killSharedWorker(): Promise<boolean> {
    const workers = await this.#browser.workers('shared_worker', `${this.#origin}/worker.js`);
    const ended = await Promise.allSettled(
      workers.map((targetId) => this.#browser.send('Target.closeTarget', { targetId })),
    );
    return ended.some(({ status }) => status === 'fulfilled');
  }

  async #stopServiceWorkers(): Promise<boolean> {
    const tab = this.#tab(0);
    if (tab === undefined) return false;
    const running = await this.#browser.workers('service_worker', `${this.#origin}/worker.js`);
    await this.#browser.send('ServiceWorker.enable', {}, tab.page);
    await this.#browser.send('ServiceWorker.stopAllWorkers', {}, tab.page);
    return running.length > 0;
  }

  /** Whoever said last that it hosts, of those that live. */
  #leader(): Tab | undefined {
    const tabs = new Map([...this.#tabs.open].filter(({ busy }) => !busy).map((tab) => [tab.life, tab]));
    const said = this.#tabs.facts.findLast((fact) => fact.t === 'hosting' && tabs.has(fact.life));
    return said?.t === 'hosting' ? tabs.get(said.life) : undefined;
  }
}

const ofHost = [
  'hang host',
  'hang host in a commit',
  'close host',
  'throw in host',
  'kill host',
  'quota full',
] as const satisfies readonly FaultKind[];
type HostFault = (typeof ofHost)[number];
type TabFault = Exclude<FaultKind, HostFault | 'kill browser'>;

function isOfHost(fault: FaultKind): fault is HostFault {
  return (ofHost as readonly FaultKind[]).includes(fault);
}
