// Which kind of host the bus is asked for. All tabs of the origin share one bus, so the choice belongs to the browser and not
// to the tab: whoever chooses reloads all of them, because a worker lives as long as the pages that made it.

import { Preference } from './preferences.ts';

/** Best first, as the bus tries them. */
export const kinds = ['shared-worker', 'leader-tab', 'service-worker', 'page'] as const;
export type Kind = (typeof kinds)[number];

export const choices = ['auto', ...kinds] as const;
export type HostChoice = (typeof choices)[number];

export function createHostChoice(): Preference<HostChoice> {
  return new Preference<HostChoice>(
    'host',
    () => 'auto',
    (value): value is HostChoice => (choices as readonly string[]).includes(value),
  );
}

/** What is chosen comes first. The others stay: a chat in another host than the chosen one is better than none. */
export function hostsFor(choice: HostChoice): readonly Kind[] {
  return choice === 'auto' ? kinds : [choice, ...kinds.filter((kind) => kind !== choice)];
}

/**
 * A service worker outlives the tabs that asked for it, and no word of theirs ends it: where another host is wanted, its
 * registration goes. The browser then stops it, and what it kept is on the disk.
 */
export async function dismissServiceWorker(bus: string, choice: HostChoice): Promise<void> {
  if (choice === 'service-worker' || !('serviceWorker' in navigator)) return;
  const registrations = await navigator.serviceWorker.getRegistrations();
  const hosts = registrations.filter(({ scope }) => scope.endsWith(`/busline/${encodeURIComponent(bus)}/`));
  await Promise.all(hosts.map((host) => host.unregister()));
}
