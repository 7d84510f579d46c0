import type { VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import type { OfflineShell } from '../model/offline-shell.ts';
import { useStore } from './use-store.ts';

function wordsOf(shell: OfflineShell): string {
  if (shell.name === 'impossible') return `The page itself needs the network here. ${shell.why}`;
  return shell.name === 'ready'
    ? 'Ready: this page opens without it, too.'
    : 'The page is being made ready to open without it …';
}

/** What works where there is no network. */
export function OfflineSection({ chat }: { readonly chat: Chat }): VNode {
  const shell = useStore(chat.offlineShell);
  return (
    <section class="card" aria-labelledby="offline">
      <h2 id="offline">Without a network</h2>
      <p>The bus, its messages and the agents are in this browser, and never need one.</p>
      <p role="status">{wordsOf(shell)}</p>
    </section>
  );
}
