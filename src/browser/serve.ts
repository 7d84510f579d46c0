// A SharedWorker as the host of its bus. What works beside the log is handed in, so that a plain worker carries none of it.

import { BrowserHost } from './browser-host.ts';
import type { HostOptions } from './browser-host.ts';
import { portLink } from './links/port-link.ts';
import type { Port } from './links/port-link.ts';
import { parseWorkerName } from './worker-name.ts';

interface SharedWorkerScope {
  readonly name: string;
  onconnect: ((event: { readonly ports: readonly Port[] }) => void) | null;
  close(): void;
}

export function serve(options: Pick<HostOptions, 'extend' | 'retention'>): void {
  const scope = globalThis as unknown as SharedWorkerScope;
  const { bus, generation } = parseWorkerName(scope.name);
  const host = new BrowserHost({
    bus,
    generation,
    kind: 'shared-worker',
    why: 'All tabs of this origin share one worker.',
    onEnd: () => scope.close(),
    ...options,
  });
  scope.onconnect = ({ ports: [port] }) => {
    if (port !== undefined) host.accept(portLink(port));
  };
}
