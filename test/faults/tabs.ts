// The tabs of a run, and everything that they said.

import type { Positions } from '../../src/core/log.ts';
import type { Browser, Page } from './browser.ts';
import type { Message } from './devtools.ts';
import type { HostOrder } from './page/instrument.ts';
import type { Setup } from './page/life.ts';
import type { Report } from './page/tell.ts';
import type { Fact, Told } from './record.ts';

export interface Tab {
  readonly name: string;
  readonly page: Page;
  /** The life that it leads now; undefined until it was born. */
  life: string | undefined;
  /** How many of its facts were heard. */
  heard: number;
  /** Under a fault that another one must not disturb. */
  busy: boolean;
}

/** Where tabs live: a browser, or what stands for one. */
export type TabHost = Pick<Browser, 'open' | 'evaluate' | 'closeTab' | 'gone'>;

export type SetupOfAll = Omit<Setup, 'tab' | 'role'>;

export class Tabs {
  readonly facts: Told[] = [];
  readonly open: Set<Tab> = new Set();
  readonly #host: TabHost;
  readonly #url: string;
  readonly #setup: SetupOfAll;
  readonly #listeners = new Set<(told: Told) => void>();
  #count = 0;

  constructor(host: TabHost, url: string, setup: SetupOfAll) {
    this.#host = host;
    this.#url = url;
    this.#setup = setup;
  }

  record(fact: Fact): void {
    const told = { ...fact, at: performance.now() };
    this.facts.push(told);
    for (const listener of this.#listeners) listener(told);
  }

  /** Resolves with the first fact that passes, from now on; undefined after so many milliseconds. */
  next<T extends Fact['t']>(
    t: T,
    ms: number,
    passes: (fact: Extract<Told, { t: T }>) => boolean = () => true,
  ): Promise<Extract<Told, { t: T }> | undefined> {
    return new Promise((resolve) => {
      const over = (told?: Extract<Told, { t: T }>): void => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve(told);
      };
      const listener = (told: Told): void => {
        if (told.t === t && passes(told as Extract<Told, { t: T }>)) over(told as Extract<Told, { t: T }>);
      };
      const timer = setTimeout(over, ms);
      this.#listeners.add(listener);
    });
  }

  /** Opens one and resolves when its script has begun. */
  async add(role: Setup['role'] = 'work'): Promise<Tab> {
    const name = `t${++this.#count}`;
    const setup: Setup = { ...this.#setup, seed: this.#setup.seed * 1000 + this.#count, tab: name, role };
    const born = this.next('born', 20_000, ({ life }) => life.startsWith(`${name}.`));
    const tab: { -readonly [K in keyof Tab]: Tab[K] } = {
      name,
      page: undefined as never,
      life: undefined,
      heard: 0,
      busy: false,
    };
    const url = `${this.#url}tab.html#${encodeURIComponent(JSON.stringify(setup))}`;
    const { gone } = this.#host;
    tab.page = await this.#host.open(url, (message) => this.#heard(tab, message));
    const loaded = await Promise.race([born, gone.then(() => 'gone' as const)]);
    if (loaded === 'gone') throw new Error('the browser is gone');
    if (loaded === undefined) throw new Error(`tab ${name} did not load`);
    this.open.add(tab);
    return tab;
  }

  /** It is not there any more, whatever it may still say. */
  dead(tab: Tab, how: 'closed' | 'crashed' | 'killed' | 'left'): void {
    this.open.delete(tab);
    if (tab.life !== undefined) this.record({ t: 'dead', life: tab.life, how });
  }

  /** Calls one of the commands of its page; resolves when it was called, which takes as long as the page hangs. */
  tell(tab: Tab, command: string, ...given: readonly (number | string | Positions | HostOrder)[]): Promise<void> {
    const call = `faults.${command}(${given.map((value) => JSON.stringify(value)).join(', ')})`;
    return this.#host.evaluate(tab.page, call).catch(() => undefined);
  }

  #heard(tab: Tab, { method, params }: Message): void {
    if (method !== 'Runtime.bindingCalled') return;
    const { life, from, facts } = JSON.parse(params['payload'] as string) as Report;
    if (life !== tab.life) {
      if (tab.life !== undefined) this.record({ t: 'dead', life: tab.life, how: 'reloaded' });
      tab.life = life;
      tab.heard = 0;
    }
    const missed = tab.heard - from;
    if (missed < 0) return void this.tell(tab, 'tellAgain', tab.heard);
    for (const fact of facts.slice(missed)) this.record(fact);
    tab.heard = Math.max(tab.heard, from + facts.length);
  }
}
