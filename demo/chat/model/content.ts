// What the chat's messages contain. Anything on the bus may write into a room, so nothing is taken for granted.

import type { Message } from 'busline';

/** Where a quote stands. */
export interface Source {
  readonly document: string;
  readonly heading: string;
}

/** What a message shows. In the text, a paragraph that begins with "> " is a quote; the sources are theirs, in order. */
export interface Content {
  readonly text: string;
  readonly sources: readonly Source[];
}

const none: readonly Source[] = [];

function isSource(value: unknown): value is Source {
  const source = value as Partial<Record<keyof Source, unknown>> | null;
  return typeof source?.document === 'string' && typeof source.heading === 'string';
}

export function contentOf({ content }: Pick<Message, 'content'>): Content {
  if (typeof content === 'string') return { text: content, sources: none };
  const { text, sources } = (content ?? {}) as { readonly text?: unknown; readonly sources?: unknown };
  return {
    text: typeof text === 'string' ? text : (JSON.stringify(content) ?? ''),
    sources: Array.isArray(sources) ? sources.filter(isSource) : none,
  };
}
