// Facts: finds names, places, dates and numbers in what it is given. People ask it in the rooms, other agents by requests.

import type { Adapter, Consumer, MessageBus } from 'busline';
import { contentOf } from '../model/content.ts';
import { answeringAgent } from './answering.ts';
import type { Desk } from './desk.ts';
import { channelOfAgent } from './roster.ts';
import type { AgentCard } from './roster.ts';

function tidy(found: readonly string[]): string[] {
  return [...new Set(found.map((words) => words.replace(/^[\s"'“(]+|[\s.,;:!?"'”)]+$/g, '')).filter(Boolean))];
}

/** What stands in a text, kind by kind. The grammar is large, so it is loaded by the tab that first needs it. */
async function factsIn(text: string): Promise<readonly (readonly [kind: string, found: readonly string[]])[]> {
  const { default: nlp } = await import('compromise');
  const doc = nlp(text);
  const dates = doc.match('#Date+');
  const sums = doc.money();
  // A year is a date and a price a sum, not one more number.
  const numbers = doc.not(dates).not(sums).match('(#Value|#Percent)+ #Unit?');
  const kinds = [
    ['Names', doc.people()],
    ['Organisations', doc.organizations()],
    ['Places', doc.places()],
    ['Dates', dates],
    ['Sums', sums],
    ['Numbers', numbers],
  ] as const;
  return kinds
    .map(([kind, found]) => [kind, tidy(found.out('array') as string[])] as const)
    .filter(([, { length }]) => length > 0);
}

async function describe(text: string): Promise<string> {
  if (text === '') return 'Write something after @facts, and I look for names, dates and numbers in it.';
  const facts = await factsIn(text);
  if (facts.length === 0) return 'There are no names, dates or numbers in your message.';
  return ['In your message I found:', ...facts.map(([kind, found]) => `${kind}: ${found.join(', ')}`)].join('\n');
}

export function factsAgent(card: AgentCard, desk: Desk): Adapter {
  return answeringAgent(card, desk, async (question, voice) => {
    await voice.say(await describe(question));
    return [];
  });
}

export function factsResponder(bus: MessageBus): Consumer {
  return bus.respond(channelOfAgent('facts'), async (message) => ({
    text: await describe(contentOf(message).text),
    sources: [],
  }));
}
