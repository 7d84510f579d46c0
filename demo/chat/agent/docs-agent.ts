// Docs: answers questions in the rooms from the project's own documents, and says where it found what it says.
// It lives where the log is, so a question has one answer, however many tabs are open. `reply` gives the answer an id that
// follows from the question: if the worker dies between answering and noting that it did, the answer is still only one.

import type { Adapter } from 'busline/worker';
import { contentOf } from '../model/content.ts';
import type { Content } from '../model/content.ts';
import { documents } from './documents.ts';
import { createSearch } from './search.ts';
import { sectionsOf } from './sections.ts';

const authorId = 'docs';
const mention = /(^|\s)@docs\b/i;

function isQuestion(text: string): boolean {
  return mention.test(text) || /\?\s*$/.test(text);
}

export function docsAgent(): Adapter {
  const search = createSearch(documents.flatMap(sectionsOf));
  const answer = (question: string): Content => {
    const passages = search(question.replace(mention, ' '));
    return { text: passages.length > 0 ? 'The docs say:' : 'I found nothing about that in the docs.', passages };
  };
  return {
    name: 'docs',
    channels: ['room:*'],
    async onMessage(message, delivery) {
      const { text } = contentOf(message);
      if (message.authorId === authorId || !isQuestion(text)) return;
      await delivery.reply(answer(text), { authorId, authorName: 'Docs', type: 'answer' });
    },
  };
}
