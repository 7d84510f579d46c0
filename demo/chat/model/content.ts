// What the chat's messages contain. Anything on the bus may write into a room, so nothing is taken for granted.

import type { Message } from 'busline';

export interface Passage {
  readonly quote: string;
  readonly document: string;
  readonly heading: string;
}

/** What a message shows: its text, and what the Docs agent quotes. */
export interface Content {
  readonly text: string;
  readonly passages: readonly Passage[];
}

function isPassage(value: unknown): value is Passage {
  const passage = value as Partial<Record<keyof Passage, unknown>> | null;
  return (
    typeof passage?.quote === 'string' && typeof passage.document === 'string' && typeof passage.heading === 'string'
  );
}

export function contentOf({ content }: Pick<Message, 'content'>): Content {
  if (typeof content === 'string') return { text: content, passages: [] };
  const { text, passages } = (content ?? {}) as { readonly text?: unknown; readonly passages?: unknown };
  return {
    text: typeof text === 'string' ? text : JSON.stringify(content),
    passages: Array.isArray(passages) ? passages.filter(isPassage) : [],
  };
}
