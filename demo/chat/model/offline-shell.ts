// Whether the page opens without a network, too: then its companion, a service worker, has all files of this version.

import { reasonOf } from './notices.ts';
import { Observable } from './observable.ts';

export type OfflineShell =
  | { readonly name: 'preparing' | 'ready' }
  | { readonly name: 'impossible'; readonly why: string };

async function install(shell: Observable<OfflineShell>): Promise<void> {
  // A new version must be seen at once, however long the browser would keep the old file.
  await navigator.serviceWorker.register('./companion.js', { updateViaCache: 'none' });
  await navigator.serviceWorker.ready;
  shell.set({ name: 'ready' });
}

/** The dev server has no companion: what is being changed must come from there, every time. */
export function createOfflineShell(): Observable<OfflineShell> {
  const shell = new Observable<OfflineShell>({ name: 'preparing' });
  if (import.meta.env.DEV) shell.set({ name: 'impossible', why: 'The development server has none.' });
  else if (!('serviceWorker' in navigator))
    shell.set({ name: 'impossible', why: 'This browser has no service workers.' });
  else install(shell).catch((error: unknown) => shell.set({ name: 'impossible', why: reasonOf(error) }));
  return shell;
}
