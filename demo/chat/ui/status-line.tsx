import type { VNode } from 'preact';
import type { BusStatus } from 'busline';
import type { Chat } from '../model/chat.ts';
import { reasonOf } from '../model/notices.ts';
import { statusWords } from './words.ts';
import { useStore } from './use-store.ts';

function healthOf({ host, durability, problem }: BusStatus): string {
  if (host === 'closed') return 'bad';
  return host === 'connecting' || durability === 'memory' || problem !== undefined ? 'fair' : 'good';
}

/** Who shares the bus, where it lives and what it holds; it opens into why, and what is wrong with it. */
export function StatusLine({ chat }: { readonly chat: Chat }): VNode {
  const status = useStore(chat.bus.status);
  const stored = useStore(chat.stored);
  const trouble = useStore(chat.trouble);
  const { problem, why } = status;
  return (
    <footer class="status" data-health={healthOf(status)}>
      <details>
        <summary>
          <span class="lamp" aria-hidden="true" />
          <span class="status-words">{statusWords(status, stored)}</span>
          {problem !== undefined && <span class="status-problem">{codeWords(problem.code)}</span>}
        </summary>
        <div class="status-more">
          <p>{why}</p>
          {problem !== undefined && (
            <p>
              <strong>{codeWords(problem.code)}.</strong> {reasonOf(problem)}
            </p>
          )}
          {trouble !== undefined && <p>Last trouble: {trouble}</p>}
        </div>
      </details>
    </footer>
  );
}

/** STORAGE_BLOCKED: "Storage blocked". */
function codeWords(code: string): string {
  return code.charAt(0) + code.slice(1).toLowerCase().replaceAll('_', ' ');
}
