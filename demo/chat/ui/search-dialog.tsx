// Looks for words in all rooms; a result leads to the message.

import { useEffect, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import { reasonOf } from '../model/notices.ts';
import type { Hit, Search } from '../model/search.ts';
import { CloseButton, Dialog } from './dialog.tsx';
import { dayOf, excerptOf, timeOf } from './words.ts';

/** The index of all that was said until now; the library comes with it. */
function useSearch({ bus, rooms }: Chat): { readonly search: Search | undefined; readonly failure: string } {
  const [search, setSearch] = useState<Search>();
  const [failure, setFailure] = useState('');
  useEffect(() => {
    import('../model/search.ts')
      .then(({ openSearch }) => openSearch(bus, rooms.getSnapshot()))
      .then(
        (opened) => setSearch(() => opened),
        (error: unknown) => setFailure(reasonOf(error)),
      );
  }, []);
  return { search, failure };
}

export function SearchDialog({ chat, onClose }: { readonly chat: Chat; readonly onClose: () => void }): VNode {
  const { search, failure } = useSearch(chat);
  const [query, setQuery] = useState('');
  const asked = query.trim();
  const hits = asked === '' || search === undefined ? [] : search(asked);
  const said = (): string => {
    if (asked === '') return 'Looks through the messages of all rooms.';
    if (search === undefined) return failure === '' ? 'Reading the messages …' : `The search failed. ${failure}`;
    return hits.length === 0 ? 'No message has these words.' : `${hits.length} found`;
  };
  return (
    <Dialog name="Search" class="panel search" focus="input" onClose={onClose}>
      {(close) => (
        <>
          <div class="search-head">
            <input
              type="search"
              aria-label="Search all rooms"
              placeholder="Search all rooms"
              autoComplete="off"
              value={query}
              onInput={({ currentTarget }) => setQuery(currentTarget.value)}
            />
            <CloseButton onClick={close} />
          </div>
          <p role="status" class="search-state">
            {said()}
          </p>
          <ul class="hits">
            {hits.map((hit) => (
              <li key={`${hit.room.slug} ${hit.message.id}`}>
                <HitButton
                  hit={hit}
                  onChoose={() => {
                    close();
                    chat.wanted.set(hit.message);
                    chat.route.toRoom(hit.room.slug);
                  }}
                />
              </li>
            ))}
          </ul>
        </>
      )}
    </Dialog>
  );
}

function HitButton({ hit, onChoose }: { readonly hit: Hit; readonly onChoose: () => void }): VNode {
  const { room, message, text, words } = hit;
  const [before, found, after] = excerptOf(text, words);
  return (
    <button type="button" class="hit" onClick={onChoose}>
      <span class="hit-head">
        <strong>{room.title}</strong> {message.authorName} · {dayOf(message.timestamp)}, {timeOf(message.timestamp)}
      </span>
      <span class="hit-text">
        {before}
        <mark>{found}</mark>
        {after}
      </span>
    </button>
  );
}
