// Finds what the documents say about a question. It would rather find nothing than something beside the point.

import MiniSearch from 'minisearch';
import type { SearchResult } from 'minisearch';
import type { Source } from '../model/content.ts';
import type { Section } from './sections.ts';
import { term, terms } from './words.ts';

const mostPassages = 2;
const longestQuote = 260;
/** A section must have more than this share of a question's words. */
const half = 0.5;
/** A further passage is worth showing if it is nearly as good as the first. */
const nearlyAsGood = 0.6;

export interface Passage extends Source {
  readonly quote: string;
}

export type Search = (question: string) => Passage[];

function has(sentence: string, found: ReadonlySet<string>): number {
  return terms(sentence).filter((word) => found.has(word)).length;
}

/** The sentence that says most about it, with what follows in its paragraph as long as it stays short. */
function quoteOf({ heading, paragraphs }: Section, found: ReadonlySet<string>): string {
  let best = { score: -1, from: [] as readonly string[] };
  paragraphs.forEach((sentences, p) => {
    sentences.forEach((sentence, at) => {
      // The heading speaks for the first sentence.
      const score = has(p + at === 0 ? `${heading} ${sentence}` : sentence, found);
      if (score > best.score) best = { score, from: sentences.slice(at) };
    });
  });
  let quote = best.from[0] ?? '';
  for (const sentence of best.from.slice(1)) {
    if (quote.length + sentence.length >= longestQuote) break;
    quote += ` ${sentence}`;
  }
  return quote.length <= longestQuote ? quote : `${quote.slice(0, longestQuote).replace(/\s+\S*$/, '')} …`;
}

export function createSearch(sections: readonly Section[]): Search {
  const byId = new Map(sections.map((section) => [section.id, section]));
  const index = new MiniSearch({
    fields: ['heading', 'text'],
    processTerm: (word) => term(word) ?? null,
    searchOptions: {
      boost: { heading: 2 },
      prefix: (word) => word.length > 3,
      fuzzy: (word) => (word.length > 5 ? 1 : false),
    },
  });
  index.addAll(sections.map(({ id, heading, paragraphs }) => ({ id, heading, text: paragraphs.flat().join(' ') })));

  const passage = ({ id, terms: found }: SearchResult): Passage[] => {
    const section = byId.get(String(id));
    if (section === undefined) return [];
    return [{ quote: quoteOf(section, new Set(found)), document: section.document, heading: section.heading }];
  };
  return (question) => {
    const asked = terms(question);
    if (asked.length === 0) return [];
    const results = index.search(asked.join(' ')).filter(({ queryTerms }) => queryTerms.length > asked.length * half);
    const least = (results[0]?.score ?? 0) * nearlyAsGood;
    return results
      .filter(({ score }) => score >= least)
      .slice(0, mostPassages)
      .flatMap(passage);
  };
}
