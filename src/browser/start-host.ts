// busline/worker: the host, in a user's own SharedWorker file.

import type { Adapter } from '../core/message-bus.ts';
import type { RetentionOptions } from '../core/retention.ts';
import { BrowserHost } from './browser-host.ts';
import { portLink } from './links/port-link.ts';
import type { Port } from './links/port-link.ts';
import { parseWorkerName } from './worker-name.ts';

export type { Adapter } from '../core/message-bus.ts';
export type { RetentionOptions } from '../core/retention.ts';

export interface StartHostOptions {
  /** Work in the worker itself, one copy for all tabs. */
  readonly adapters?: readonly Adapter[];
  readonly retention?: RetentionOptions;
}

interface SharedWorkerScope {
  readonly name: string;
  onconnect: ((event: { readonly ports: readonly Port[] }) => void) | null;
  close(): void;
}

/** Makes this SharedWorker the host of its bus. Call it first, before anything that waits. */
export function startHost(options: StartHostOptions = {}): void {
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
