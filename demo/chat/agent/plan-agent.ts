// Plan: asks the other agents, each by a request, and says what they answer as it comes in, in one message.

import type { Adapter, AgentAttempt } from 'busline';
import { contentOf } from '../model/content.ts';
import type { Content, Source } from '../model/content.ts';
import { reasonOf } from '../model/notices.ts';
import { answeringAgent } from './answering.ts';
import type { Desk } from './desk.ts';
import { channelOfAgent, roster } from './roster.ts';
import type { AgentCard } from './roster.ts';

/** Milliseconds that it waits for one of them. */
const patience = 10_000;

const asked = roster.filter(({ id }) => id !== 'plan');

interface Asking {
  readonly card: AgentCard;
  readonly question: string;
  readonly isPaused: boolean;
}

/** What the other one says, or why it says nothing: half an answer is better than none. */
async function ask(
  { card, question, isPaused }: Asking,
  { bus }: AgentAttempt,
  signal: AgentAttempt['signal'],
): Promise<Content> {
  const nothing = (why: string): Content => ({ text: `${card.name} did not answer: ${why}`, sources: [] });
  if (isPaused) return nothing('it is paused.');
  try {
    const input = { channelId: channelOfAgent(card.id), content: { text: question } };
    return contentOf(await bus.request(input, { timeout: patience, signal }));
  } catch (error) {
    return nothing(reasonOf(error));
  }
}

export function planAgent(card: AgentCard, desk: Desk, isPaused: (id: AgentCard['id']) => boolean): Adapter {
  return answeringAgent(card, desk, async (question, voice, attempt) => {
    if (question === '') {
      await voice.say('Write a question after @plan, and I ask Docs and Facts about it.');
      return [];
    }
    // Both are asked at once; what they say stands in this order.
    const asking = asked.map((each) => ({ card: each, question, isPaused: isPaused(each.id) }));
    const answers = asking.map((each) => ask(each, attempt, voice.signal));
    await voice.say(`I asked ${asked.map(({ name }) => name).join(' and ')}.`);
    const sources: Source[] = [];
    for (const answer of answers) {
      const { text, sources: theirs } = await answer;
      await voice.say(`\n\n${text}`);
      sources.push(...theirs);
    }
    return sources;
  });
}
