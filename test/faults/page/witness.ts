// What a tab does that others see done must be known even if the tab dies at once and its driver hears no more of it: so it is
// told to the other tabs, too, and they tell it to theirs.

import type { TabFact } from '../record.ts';
import { tell } from './tell.ts';

const name = 'witness';
let channel: BroadcastChannel | undefined;

function listen(): void {
  channel = new BroadcastChannel(name);
  channel.addEventListener('message', ({ data }: MessageEvent<TabFact>) => tell(data));
}

listen();
// In the back-forward cache a page that is talked to is dropped.
addEventListener('pagehide', () => channel?.close());
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) listen();
});

export function witnessed(fact: TabFact): void {
  tell(fact);
  try {
    channel?.postMessage(fact);
  } catch {
    // It was closed with the page.
  }
}
