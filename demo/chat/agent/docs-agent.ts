// Docs: answers questions from the project's own documents, and says where it found what it says. People ask it in the rooms,
// other agents by requests.

import type { Adapter, Consumer, MessageBus } from 'busline';
import { contentOf } from '../model/content.ts';
import type { Content } from '../model/content.ts';
import { answeringAgent } from './answering.ts';
import type { Desk } from './desk.ts';
import type { Search } from './search.ts';
import { channelOfAgent } from './roster.ts';
import type { AgentCard } from './roster.ts';

let opening: Promise<Search> | undefined;

/** The documents and their index are loaded in the tab that answers, when it first does. */
async function openDocs(): Promise<Search> {
  const [{ documents }, { sectionsOf }, { createSearch }] = await Promise.all([
    import('./documents.ts'),
    import('./sections.ts'),
    import('./search.ts'),
  ]);
  return createSearch(documents.flatMap(sectionsOf));
}

async function find(question: string): Promise<Content> {
  opening ??= openDocs();
  // What could not be loaded now may be there when asked again.
  opening.catch(() => (opening = undefined));
  const passages = (await opening)(question);
  if (passages.length === 0) return { text: 'I found nothing about that in the docs.', sources: [] };
  return {
    text: ['The docs say:', ...passages.map(({ quote }) => `> ${quote}`)].join('\n\n'),
    sources: passages.map(({ document, heading }) => ({ document, heading })),
  };
}

export function docsAgent(card: AgentCard, desk: Desk): Adapter {
  return answeringAgent(card, desk, async (question, voice) => {
    const { text, sources } = await find(question);
    await voice.say(text);
    return sources;
  });
}

export function docsResponder(bus: MessageBus): Consumer {
  return bus.respond(channelOfAgent('docs'), (message) => find(contentOf(message).text));
}
