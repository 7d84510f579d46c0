// In which tab each agent works. The bus gives a message to the tab that has had the agent longest, so where the next one will
// be answered is known before anybody asks: each tab says, by presence, since when it has which agent. What a tab said is gone
// with the tab, and then all see that the next one has it.

import type { Member, MessageBus } from 'busline';
import { Observable } from '../model/observable.ts';
import { agentIds, channelOfAgent } from './roster.ts';
import type { AgentId } from './roster.ts';

/** Milliseconds without news after which what is seen is whole: a new host learns of the tabs one by one. */
const breath = 300;

/** The tabs that have an agent, by number: the one where it works, and those that would follow, in order. */
export type Places = Readonly<Record<AgentId, readonly number[]>>;

/** Agents that went from one tab to another. */
export interface Move {
  readonly agents: readonly AgentId[];
  readonly from: number;
  readonly to: number;
  /** The tab that they left is gone. */
  readonly isClosed: boolean;
  readonly at: number;
}

/** A tab as it says itself: presence knows no more of a tab than a name. */
export function seatName(tab: number, since: number): string {
  return `tab ${tab} since ${since}`;
}

interface Seat {
  readonly tab: number;
  readonly since: number;
}

function seatOf({ userId }: Member): Seat | undefined {
  const [, tab, since] = /^tab (\d+) since (\d+)$/.exec(userId) ?? [];
  return since === undefined ? undefined : { tab: Number(tab), since: Number(since) };
}

/** In the order in which it is their turn. */
export function tabsIn(members: readonly Member[]): readonly number[] {
  return members
    .map(seatOf)
    .filter((seat) => seat !== undefined)
    .toSorted((a, b) => a.since - b.since || a.tab - b.tab)
    .map(({ tab }) => tab);
}

const nowhere: Places = { docs: [], facts: [], plan: [] };

export class AgentPlaces extends Observable<Places> {
  /** The last one that was seen from here. */
  readonly moved: Observable<Move | undefined> = new Observable<Move | undefined>(undefined);
  readonly #bus: MessageBus;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(bus: MessageBus) {
    super(nowhere);
    this.#bus = bus;
    for (const id of agentIds) bus.presence(channelOfAgent(id)).subscribe(() => this.#changed());
    bus.status.subscribe(() => this.#changed());
  }

  #changed(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#look(), breath);
  }

  #look(): void {
    // Between two hosts nobody can say who is there.
    if (this.#bus.status.getSnapshot().host === 'connecting') return;
    const before = this.getSnapshot();
    const tabs = (id: AgentId): readonly number[] => tabsIn(this.#bus.presence(channelOfAgent(id)).getSnapshot());
    const now: Places = { docs: tabs('docs'), facts: tabs('facts'), plan: tabs('plan') };
    if (agentIds.every((id) => String(before[id]) === String(now[id]))) return;
    this.set(now);
    this.#noteMoves(before, now);
  }

  #noteMoves(before: Places, now: Places): void {
    const gone = agentIds.filter(
      (id) => now[id].length > 0 && before[id][0] !== undefined && before[id][0] !== now[id][0],
    );
    const [first] = gone;
    if (first === undefined) return;
    const [from = 0, to = 0] = [before[first][0], now[first][0]];
    const agents = gone.filter((id) => before[id][0] === from && now[id][0] === to);
    const isClosed = agentIds.every((id) => !now[id].includes(from));
    this.moved.set({ agents, from, to, isClosed, at: Date.now() });
  }
}
