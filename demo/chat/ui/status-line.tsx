import type { VNode } from 'preact';
import type { Chat } from '../model/chat.ts';
import { statusWords } from './words.ts';
import { useValue } from './use-value.ts';

/** Who shares the bus, where it lives and what it holds. */
export function StatusLine({ chat }: { readonly chat: Chat }): VNode {
  const status = useValue(chat.bus.status);
  const stored = useValue(chat.stored);
  const { host, durability } = status;
  const health = host === 'closed' ? 'bad' : host === 'connecting' || durability === 'memory' ? 'fair' : 'good';
  return (
    <footer class="status" data-health={health} title={status.why}>
      <span class="lamp" aria-hidden="true" />
      <span class="status-words">{statusWords(status, stored)}</span>
    </footer>
  );
}
