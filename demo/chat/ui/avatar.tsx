import type { VNode } from 'preact';
import { DocsIcon } from './icons.tsx';
import { hueOf, initialsOf } from './words.ts';

const docsId = 'docs';

export function Avatar({ id, name }: { readonly id: string; readonly name: string }): VNode {
  return (
    <span class="avatar" data-hue={id === docsId ? 'docs' : hueOf(id)} aria-hidden="true">
      {id === docsId ? <DocsIcon /> : initialsOf(name)}
    </span>
  );
}
