// The open tabs as stops on a line, with the agents that work in each. When a tab closes, its agents are seen at another one.

import type { VNode } from 'preact';
import { deskChannel } from '../agent/desk.ts';
import { tabsIn } from '../agent/places.ts';
import type { Move } from '../agent/places.ts';
import { roster } from '../agent/roster.ts';
import type { AgentCard, AgentId } from '../agent/roster.ts';
import type { Chat } from '../model/chat.ts';
import { Avatar } from './avatar.tsx';
import { useStore } from './use-store.ts';
import { listOf, timeOf } from './words.ts';

export function TabLine({ chat }: { readonly chat: Chat }): VNode {
  const { bus, agents, tab: own } = chat;
  const places = useStore(agents.places);
  const moved = useStore(agents.places.moved);
  const tabs = tabsIn(useStore(bus.presence(deskChannel))).toSorted((a, b) => a - b);
  return (
    <section class="card" aria-labelledby="tabs">
      <h2 id="tabs">Open tabs</h2>
      <div>
        <ol class="tab-line">
          {tabs.map((tab) => (
            <TabStop
              key={tab}
              tab={tab}
              isOwn={tab === own}
              agents={roster.filter(({ id }) => places[id][0] === tab)}
              moved={moved}
            />
          ))}
        </ol>
        <p role="status" class="moved">
          {moved === undefined ? null : `${timeOf(moved.at)}: ${moveWords(moved)}`}
        </p>
      </div>
    </section>
  );
}

interface TabStopProps {
  readonly tab: number;
  readonly isOwn: boolean;
  readonly agents: readonly AgentCard[];
  readonly moved: Move | undefined;
}

function TabStop({ tab, isOwn, agents, moved }: TabStopProps): VNode {
  return (
    <li data-own={isOwn}>
      <span class="tab-name">
        Tab {tab}
        {isOwn && <span class="you">this one</span>}
      </span>
      {agents.length === 0 ? (
        <span class="quiet">no agent</span>
      ) : (
        <ul>
          {agents.map(({ id, name }) => (
            <li key={id} class="tab-agent" data-moved={moved?.to === tab && moved.agents.includes(id)}>
              <Avatar id={id} name={name} />
              {name}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

const nameOf = (agent: AgentId): string => roster.find(({ id }) => id === agent)?.name ?? agent;

/** "Docs and Plan moved from tab 1, which was closed, to tab 2." */
function moveWords({ agents, from, to, isClosed }: Move): string {
  return `${listOf(agents.map(nameOf))} moved from tab ${from}${isClosed ? ', which was closed,' : ''} to tab ${to}.`;
}
