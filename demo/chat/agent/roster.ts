// The agents: who they are, and how one speaks to them.

import type { Message } from 'busline';

export const agentIds = ['docs', 'facts', 'plan'] as const;
export type AgentId = (typeof agentIds)[number];

export interface AgentCard {
  readonly id: AgentId;
  readonly name: string;
  readonly does: string;
  readonly engine: string;
}

export const roster: readonly AgentCard[] = [
  {
    id: 'docs',
    name: 'Docs',
    does: 'Answers questions from the documents of this project, and says where it read it.',
    engine: 'MiniSearch, over an index of the documents',
  },
  {
    id: 'facts',
    name: 'Facts',
    does: 'Finds names, places, dates and numbers in a message.',
    engine: 'compromise, a grammar of English',
  },
  {
    id: 'plan',
    name: 'Plan',
    does: 'Asks Docs and Facts by requests on the bus, and joins what they say.',
    engine: 'None of its own',
  },
];

/** How an agent signs, and where it is asked by other agents and told to pause. */
export const answerType = 'answer';
export const channelOfAgent = (id: AgentId): string => `agents.${id}`;

const mention = /(?:^|\s)@(docs|facts|plan)\b/i;

export function isAgent(authorId: string): authorId is AgentId {
  return (agentIds as readonly string[]).includes(authorId);
}

/** Whom a message asks: who is mentioned first; else Docs, if it is a question. */
export function addresseeOf({ type }: Pick<Message, 'type'>, text: string): AgentId | undefined {
  if (type === answerType) return undefined;
  const named = mention.exec(text)?.[1]?.toLowerCase() as AgentId | undefined;
  return named ?? (/\?\s*$/.test(text) ? 'docs' : undefined);
}

/** What is asked, without who is asked. */
export function withoutMention(text: string): string {
  return text.replace(mention, ' ').trim();
}
