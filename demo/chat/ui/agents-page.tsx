// Who the agents are, where they run and how they are; and the way to make one pause.

import type { VNode } from 'preact';
import { deskChannel, reportOf } from '../agent/desk.ts';
import type { Activity, Report } from '../agent/desk.ts';
import { channelOfAgent, roster } from '../agent/roster.ts';
import type { AgentCard } from '../agent/roster.ts';
import type { Chat } from '../model/chat.ts';
import { Avatar } from './avatar.tsx';
import { useStore } from './use-store.ts';
import { tabsOf } from './words.ts';

export function AgentsPage({ chat }: { readonly chat: Chat }): VNode {
  const tabs = useStore(chat.bus.presence(deskChannel)).length;
  return (
    <div id="page" class="page" tabIndex={0} role="region" aria-label="Agents">
      <p class="lead">
        Every tab has all agents; each message is handled by one of them, and if its tab dies, another tab goes on. Ask
        one by writing “@” in a room.
      </p>
      <ul class="cards">
        {roster.map((card) => (
          <li key={card.id}>
            <AgentRow chat={chat} card={card} tabs={tabs} />
          </li>
        ))}
      </ul>
    </div>
  );
}

const activityWords: Record<Activity, string> = {
  idle: 'Idle',
  thinking: 'Thinking',
  answering: 'Answering',
  failed: 'Failed',
};

function stateOf(report: Report | undefined, isPaused: boolean): Activity | 'paused' {
  const activity = report?.activity ?? 'idle';
  return isPaused && activity !== 'thinking' && activity !== 'answering' ? 'paused' : activity;
}

/** Which tab has it at work, or had last. */
function placeOf(report: Report | undefined, tab: string, tabs: number): string {
  const all = `In ${tabsOf(tabs)}.`;
  if (report === undefined) return `${all} None has answered yet.`;
  const isAtWork = report.activity === 'thinking' || report.activity === 'answering';
  return `${all} ${isAtWork ? 'At work in' : 'Last at work in'} ${report.tab === tab ? 'this tab' : 'another tab'}.`;
}

interface AgentRowProps {
  readonly chat: Chat;
  readonly card: AgentCard;
  readonly tabs: number;
}

function AgentRow({ chat, card, tabs }: AgentRowProps): VNode {
  const { agents, notices } = chat;
  const report = reportOf(useStore(chat.bus.presence(channelOfAgent(card.id))));
  useStore(agents.paused);
  const isPaused = agents.isPaused(card.id);
  const state = stateOf(report, isPaused);
  const toggle = (): void => {
    agents.pause(card.id, !isPaused).catch((error: unknown) => notices.failed('The other tabs were not told.', error));
  };
  return (
    <article class="card" aria-label={card.name}>
      <Avatar id={card.id} name={card.name} />
      <div class="card-head">
        <h2>{card.name}</h2>
        <span class="badge" data-state={state} role="status">
          {state === 'paused' ? 'Paused' : activityWords[state]}
        </span>
      </div>
      <p>{card.does}</p>
      <dl>
        <dt>Engine</dt>
        <dd>{card.engine}</dd>
        <dt>Runs</dt>
        <dd>{placeOf(report, agents.desk.tab, tabs)}</dd>
        <dt>Last error</dt>
        <dd>{report?.error ?? 'None'}</dd>
      </dl>
      <button type="button" class="button" onClick={toggle}>
        {isPaused ? 'Resume' : 'Pause'}
        <span class="for-readers"> {card.name}</span>
      </button>
    </article>
  );
}
