// Where the tabs tell each other about the agents: which tabs have them, and what the one at work is doing. It is presence, so
// what a tab that died was doing is not shown for ever.

import type { Json, Member, MessageBus } from 'busline';
import { seatName } from './places.ts';
import { channelOfAgent } from './roster.ts';
import type { AgentId } from './roster.ts';

export const deskChannel = 'agents';

export const activities = ['idle', 'thinking', 'answering', 'failed'] as const;
export type Activity = (typeof activities)[number];

export interface Report {
  readonly activity: Activity;
  /** The number of the tab that says so. */
  readonly tab: number;
  /** What went wrong last, in that tab. */
  readonly error?: string;
}

export class Desk {
  /** This tab, among those of all people. */
  readonly tab: number;
  readonly #bus: MessageBus;
  readonly #errors = new Map<AgentId, string>();
  /** What this tab is called where it has an agent. */
  readonly #seats = new Map<AgentId, string>();

  constructor(bus: MessageBus, tab: number) {
    this.#bus = bus;
    this.tab = tab;
    bus.joinChannel(deskChannel, seatName(tab, Date.now())).catch(() => undefined);
  }

  /** From now on this tab has the agent, and works when it is its turn. */
  has(agent: AgentId): void {
    const seat = seatName(this.tab, Date.now());
    this.#seats.set(agent, seat);
    this.#bus.joinChannel(channelOfAgent(agent), seat).catch(() => undefined);
  }

  hasNoMore(agent: AgentId): void {
    this.#bus.leaveChannel(channelOfAgent(agent), this.#seats.get(agent)).catch(() => undefined);
  }

  tell(agent: AgentId, activity: Activity, error?: string): void {
    if (error !== undefined) this.#errors.set(agent, error);
    const last = this.#errors.get(agent);
    const report = { activity, tab: this.tab, at: Date.now(), ...(last !== undefined && { error: last }) };
    this.#bus.setPresence(channelOfAgent(agent), report);
  }
}

type State = { readonly [key: string]: Json };

function timeOf({ at }: State): number {
  return typeof at === 'number' ? at : 0;
}

/** What was said last about an agent, by whoever had it at work. */
export function reportOf(members: readonly Member[]): Report | undefined {
  const states = members.flatMap(({ state }) => (state === undefined ? [] : [state]));
  const last = states.toSorted((a, b) => timeOf(a) - timeOf(b)).at(-1);
  const activity = activities.find((each) => each === last?.['activity']);
  if (last === undefined || activity === undefined) return undefined;
  const { tab, error } = last;
  return { activity, tab: typeof tab === 'number' ? tab : 0, ...(typeof error === 'string' && { error }) };
}
