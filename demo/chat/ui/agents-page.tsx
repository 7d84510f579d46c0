// Who the agents are, where they run and how they are; and the way to make one pause.

import type { VNode } from 'preact';
import { reportOf } from '../agent/desk.ts';
import type { Activity, Report } from '../agent/desk.ts';
import { channelOfAgent, roster } from '../agent/roster.ts';
import type { AgentCard } from '../agent/roster.ts';
import type { Chat } from '../model/chat.ts';
import { Avatar } from './avatar.tsx';
import { sentenceOfHost } from './host-words.ts';
import { TabLine } from './tab-line.tsx';
import { useStore } from './use-store.ts';

export function AgentsPage({ chat }: { readonly chat: Chat }): VNode {
  const { host, why } = useStore(chat.bus.status);
  return (
    <div id="page" class="page" tabIndex={0} role="region" aria-label="Agents">
      <p class="lead">
        Every tab has all agents; each message is handled by one of them, and if its tab dies, another tab goes on. Ask
        one by writing “@” in a room.
      </p>
      <TabLine chat={chat} />
      <ul class="cards">
        {roster.map((card) => (
          <li key={card.id}>
            <AgentRow chat={chat} card={card} />
          </li>
        ))}
      </ul>
      <p class="lead">
        The bus that they share runs here: <strong>{sentenceOfHost(host)}</strong> {why}
      </p>
    </div>
  );
}

const activityWords: Record<Activity, string> = {
  idle: 'Idle',
  thinking: 'Thinking',
  answering: 'Answering',
  failed: 'Failed',
};

const atWork: ReadonlySet<Activity> = new Set(['thinking', 'answering']);

function stateOf(report: Report | undefined, isPaused: boolean): Activity | 'paused' {
  const activity = report?.activity ?? 'idle';
  return isPaused && !atWork.has(activity) ? 'paused' : activity;
}

/** Which tab has it, and which would follow. */
function placeOf(report: Report | undefined, tabs: readonly number[], own: number): string | undefined {
  const isAtWork = report !== undefined && atWork.has(report.activity);
  const tab = isAtWork ? report.tab : tabs[0];
  if (tab === undefined) return undefined;
  const heir = tabs.find((each) => each !== tab);
  const where = `${isAtWork ? 'At work' : 'Ready'} in tab ${tab}${tab === own ? ', this one' : ''}.`;
  return `${where} ${heir === undefined ? 'No other tab is there to follow.' : `If that closes, tab ${heir} follows.`}`;
}

interface AgentRowProps {
  readonly chat: Chat;
  readonly card: AgentCard;
}

function AgentRow({ chat, card }: AgentRowProps): VNode {
  const { agents, notices } = chat;
  const report = reportOf(useStore(chat.bus.presence(channelOfAgent(card.id))));
  const tabs = useStore(agents.places)[card.id];
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
        <dd>{placeOf(report, tabs, chat.tab) ?? (isPaused ? 'In no tab while it is paused.' : 'Looking for it …')}</dd>
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
