// The agents as this tab has them. Every tab has all of them, and the bus gives each message to one tab: whichever tabs are
// closed, one is there to answer, and there is one answer. Pausing an agent is told to all tabs by a control, and remembered in
// this browser for the tabs to come.

import type { Adapter, Consumer, MessageBus } from 'busline';
import { Preference } from '../model/preferences.ts';
import { Desk, deskChannel } from './desk.ts';
import { docsAgent, docsResponder } from './docs-agent.ts';
import { factsAgent, factsResponder } from './facts-agent.ts';
import { AgentPlaces } from './places.ts';
import { planAgent } from './plan-agent.ts';
import { isAgent, roster } from './roster.ts';
import type { AgentCard, AgentId } from './roster.ts';

interface Work {
  readonly adapter: Adapter;
  /** For requests of other agents. */
  readonly responder?: Consumer;
}

export class Agents {
  readonly desk: Desk;
  readonly places: AgentPlaces;
  /** Their ids, with a space between. */
  readonly paused: Preference<string> = new Preference(
    'paused-agents',
    () => '',
    (value): value is string => value.split(' ').every((id) => id === '' || isAgent(id)),
  );
  readonly #bus: MessageBus;
  readonly #work = new Map<AgentId, Work>();

  constructor(bus: MessageBus, tab: number) {
    this.#bus = bus;
    this.desk = new Desk(bus, tab);
    this.places = new AgentPlaces(bus);
    for (const card of roster) this.#work.set(card.id, this.#employ(card));
    bus.subscribeControl(deskChannel, ({ action, target = '' }) => {
      if (isAgent(target)) this.#remember(target, action === 'pause');
    });
    this.paused.subscribe(() => this.#follow());
    this.#follow();
  }

  isPaused(id: AgentId): boolean {
    return this.paused.getSnapshot().split(' ').includes(id);
  }

  /** In every tab. What comes meanwhile is answered when it is resumed. */
  async pause(id: AgentId, on: boolean): Promise<void> {
    this.#remember(id, on);
    await this.#bus.sendControl(deskChannel, on ? 'pause' : 'resume', id);
  }

  #employ(card: AgentCard): Work {
    const { desk } = this;
    if (card.id === 'docs') return { adapter: docsAgent(card, desk), responder: docsResponder(this.#bus) };
    if (card.id === 'facts') return { adapter: factsAgent(card, desk), responder: factsResponder(this.#bus) };
    return { adapter: planAgent(card, desk, (id) => this.isPaused(id)) };
  }

  #remember(id: AgentId, on: boolean): void {
    const others = this.paused
      .getSnapshot()
      .split(' ')
      .filter((each) => each !== '' && each !== id);
    this.paused.set([...others, ...(on ? [id] : [])].join(' '));
  }

  #follow(): void {
    const working = new Set(this.#bus.getAdapters());
    for (const [id, { adapter, responder }] of this.#work) {
      if (this.isPaused(id)) {
        if (this.#bus.removeAdapter(adapter.name)) this.desk.hasNoMore(id);
        responder?.pause();
      } else if (!working.has(adapter.name)) {
        this.desk.has(id);
        this.#bus.use(adapter);
        responder?.resume();
      }
    }
  }
}
