import type { VNode } from 'preact';
import type { BusStatus } from 'busline';
import type { Chat } from '../model/chat.ts';
import { sentenceOfHost } from './host-words.ts';
import { useStore } from './use-store.ts';
import { problemWords, statusWords } from './words.ts';

function healthOf({ host, durability, problem }: BusStatus): string {
  if (host === 'closed') return 'bad';
  return host === 'connecting' || durability === 'memory' || problem !== undefined ? 'fair' : 'good';
}

const offlineWords =
  'This browser is offline. The bus is in it, with its messages and the agents: everything here still works.';

/** Who shares the bus, where it lives and what it holds; it opens into why, and what is wrong with it. */
export function StatusLine({ chat }: { readonly chat: Chat }): VNode {
  const status = useStore(chat.bus.status);
  const stored = useStore(chat.stored);
  const trouble = useStore(chat.trouble);
  const choice = useStore(chat.hostChoice);
  const isOnline = useStore(chat.online);
  const { host, problem, why } = status;
  return (
    <footer class="status" data-health={healthOf(status)}>
      <details>
        <summary>
          <span class="lamp" aria-hidden="true" />
          <span class="status-words">{statusWords(status, choice, stored)}</span>
          {!isOnline && <span class="status-offline">offline, all here still works</span>}
          {problem !== undefined && <span class="status-problem">{codeWords(problem.code)}</span>}
        </summary>
        <div class="status-more">
          <p>
            <strong>{sentenceOfHost(host)}</strong> {why} <a href="#/data">Choose another host</a>
          </p>
          <p>This is tab {chat.tab}.</p>
          {!isOnline && <p>{offlineWords}</p>}
          {problem !== undefined && (
            <p>
              <strong>{codeWords(problem.code)}.</strong> {problemWords(status)}
            </p>
          )}
          {trouble !== undefined && <p>Last trouble: {trouble}</p>}
        </div>
      </details>
      <p role="status" class="for-readers">
        {isOnline ? null : offlineWords}
      </p>
    </footer>
  );
}

/** STORAGE_BLOCKED: "Storage blocked". */
function codeWords(code: string): string {
  return code.charAt(0) + code.slice(1).toLowerCase().replaceAll('_', ' ');
}
