// The text of a message: paragraphs as they were written, and quotes with where they stand.

import { useState } from 'preact/hooks';
import type { VNode } from 'preact';
import type { Source } from '../model/content.ts';
import { countOf } from './words.ts';

/** What is longer is opened on demand. */
const longText = 2000;

interface MessageTextProps {
  readonly text: string;
  readonly sources: readonly Source[];
  readonly tick: VNode | null;
}

interface Part {
  readonly isQuote: boolean;
  readonly text: string;
}

function partsOf(text: string): readonly Part[] {
  return text
    .split(/\n{2,}/)
    .map((part) => (part.startsWith('> ') ? { isQuote: true, text: part.slice(2) } : { isQuote: false, text: part }));
}

export function MessageText({ text, sources, tick }: MessageTextProps): VNode {
  const [open, setOpen] = useState(false);
  if (text.length > longText && !open) {
    return (
      <p class="text">
        {text.slice(0, longText / 4)} …{' '}
        <button type="button" class="text-button" onClick={() => setOpen(true)}>
          Show all {countOf(text.length)} characters
        </button>
        {tick}
      </p>
    );
  }
  const parts = partsOf(text);
  let quotes = 0;
  return (
    <div class="text">
      {parts.map((part, at) => {
        const last = at === parts.length - 1 ? tick : null;
        if (!part.isQuote) {
          return (
            <p key={at}>
              <Ticked text={part.text} tick={last} />
            </p>
          );
        }
        quotes += 1;
        return <Quote key={at} text={part.text} source={sources[quotes - 1]} tick={last} />;
      })}
    </div>
  );
}

/** A tick does not stand alone in a line: it keeps the last word with it, unless that is too long to be kept in one. */
function Ticked({ text, tick }: Pick<MessageTextProps, 'text' | 'tick'>): VNode {
  const last = tick === null ? undefined : /\S{1,20}$/.exec(text)?.[0];
  if (last === undefined) return <>{[text, tick]}</>;
  return (
    <>
      {text.slice(0, -last.length)}
      <span class="together">
        {last}
        {tick}
      </span>
    </>
  );
}

interface QuoteProps {
  readonly text: string;
  readonly source: Source | undefined;
  readonly tick: VNode | null;
}

function Quote({ text, source, tick }: QuoteProps): VNode {
  return (
    <figure class="passage">
      <blockquote>
        <Ticked text={text} tick={tick} />
      </blockquote>
      {source !== undefined && (
        <figcaption>
          <cite>{source.document}</cite>
          {source.heading !== source.document && <> › {source.heading}</>}
        </figcaption>
      )}
    </figure>
  );
}
