import type { VNode } from 'preact';
import type { Passage } from '../model/content.ts';

/** What the Docs agent quotes, each with where it stands. */
export function Passages({ passages }: { readonly passages: readonly Passage[] }): VNode {
  return (
    <div class="passages">
      {passages.map(({ quote, document, heading }) => (
        <figure key={`${document}#${heading}`} class="passage">
          <blockquote>{quote}</blockquote>
          <figcaption>
            <cite>{document}</cite>
            {heading !== document && <> › {heading}</>}
          </figcaption>
        </figure>
      ))}
    </div>
  );
}
