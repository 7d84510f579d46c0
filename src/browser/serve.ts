// A worker as the host of its bus, of whichever kind it is. What works beside the log is handed in, so that a plain worker
// carries none of it.

import type { HostKind } from '../core/message-bus.ts';
import { BrowserHost } from './browser-host.ts';
import type { HostOptions } from './browser-host.ts';
import { portLink } from './links/port-link.ts';
import type { Port } from './links/port-link.ts';
import { AwakenedLinks } from './links/service-worker-link.ts';
import { lockNames, stealLock } from './locks.ts';
import { parseServiceWorkerScope, parseWorkerName } from './worker-name.ts';
import type { WorkerName } from './worker-name.ts';

type Beside = Pick<HostOptions, 'extend' | 'retention'>;

interface Event {
  readonly ports: readonly Port[];
  readonly data: unknown;
}

interface SharedScope {
  readonly name: string;
  onconnect: ((event: Event) => void) | null;
  close(): void;
}

interface DedicatedScope {
  readonly name: string;
  addEventListener(type: 'message', listener: (event: Event) => void): void;
  close(): void;
}

interface ServiceScope {
  readonly registration: { readonly scope: string };
  addEventListener(type: 'message', listener: (event: Event) => void): void;
  addEventListener(type: 'install', listener: () => void): void;
  skipWaiting(): Promise<void>;
}

type Scope = SharedScope | DedicatedScope | ServiceScope;

const reasons: Partial<Record<HostKind, string>> = {
  'shared-worker': 'All tabs of this origin share one worker.',
  'leader-tab': 'One tab hosts the bus for all, in a worker of its own.',
  'service-worker': 'All tabs share the service worker; the browser stops it when it has nothing to do.',
};

function begin(
  kind: HostKind,
  { bus, id }: WorkerName,
  more: Pick<HostOptions, 'core' | 'onEnd'> & Beside,
): BrowserHost {
  return new BrowserHost({ bus, kind, id, why: reasons[kind] ?? '', ...more });
}

export function serve(beside: Beside): void {
  const scope = globalThis as unknown as Scope;
  if ('onconnect' in scope) serveAll(scope, beside);
  else if ('registration' in scope) serveAwakened(scope, beside);
  else serveLeader(scope, beside);
}

function serveAll(scope: SharedScope, beside: Beside): void {
  const host = begin('shared-worker', parseWorkerName(scope.name), { ...beside, onEnd: () => scope.close() });
  scope.onconnect = ({ ports: [port] }) => {
    if (port !== undefined) host.accept(portLink(port));
  };
}

/** Its tab was elected, and has the bus's lock. The worker takes it from its tab, so that nobody comes between. */
function serveLeader(scope: DedicatedScope, beside: Beside): void {
  const name = parseWorkerName(scope.name);
  const core = () => stealLock(lockNames.core(name.bus));
  const host = begin('leader-tab', name, { ...beside, core, onEnd: () => scope.close() });
  scope.addEventListener('message', ({ ports: [port] }) => {
    if (port !== undefined) host.accept(portLink(port));
  });
}

/** It hosts when somebody asks it to: it may be somebody's service worker for other things, too. */
function serveAwakened(scope: ServiceScope, beside: Beside): void {
  let host: BrowserHost | undefined;
  const name = parseServiceWorkerScope(scope.registration.scope);
  const links = new AwakenedLinks((link) => {
    host ??= begin('service-worker', name, { ...beside, onEnd: () => (host = undefined) });
    host.accept(link);
  });
  // A service worker of the user's own decides for itself when it follows its older version.
  if (name.isOurs) scope.addEventListener('install', () => void scope.skipWaiting());
  scope.addEventListener('message', ({ data }) => links.heard(data));
}
