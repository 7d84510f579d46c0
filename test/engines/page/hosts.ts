// The contract suite of hosts, on every kind that a page can have. Several buses in one page are as many tabs: each has a
// client id, links and locks of its own.
import { coreHolder, removeFromCore, whenFree } from '../../../src/browser/locks.ts';
import { serviceWorkerScope } from '../../../src/browser/worker-name.ts';
import { createBus } from '../../../src/index.ts';
import type { Bus, HostKind } from '../../../src/index.ts';
import type { HostSetup } from '../../../src/testing/index.ts';
import { hostContractTests } from '../contract-tests.ts';
import { expect } from './expect.ts';
import { newName } from './logs.ts';

/** Whatever waits for longer waits for ever: then it is told who holds which lock. */
const longest = 25_000;

/** Resolves when the host that there is has ended. */
async function endHost(bus: string, kind: HostKind): Promise<void> {
  const holder = await coreHolder(bus);
  if (holder?.host === undefined) return;
  const ended = new Promise<void>((resolve) => void whenFree(holder.host ?? '', resolve));
  // A page is too much to end: its host is made to give way, and says bye.
  if (kind === 'page') return removeFromCore(bus, holder).then(() => ended);
  const control = new BroadcastChannel(`faults:${bus}`);
  control.postMessage('end');
  await ended;
  control.close();
}

/** Its database goes with the profile: WebKit never deletes one whose host was ended just before. */
async function cleanup(bus: string, kind: HostKind): Promise<void> {
  await endHost(bus, kind);
  if (kind !== 'service-worker') return;
  await (await navigator.serviceWorker.getRegistration(serviceWorkerScope(bus)))?.unregister();
}

function setupOf(kind: HostKind): HostSetup<string> {
  return {
    kind,
    begin: newName,
    open: (name) => createBus({ name, hosts: [kind], workerUrl: '/faulty-worker.js' }),
    opened: (tab) => (tab as Bus).ready,
    endHost: (bus) => endHost(bus, kind),
    cleanup: (bus) => cleanup(bus, kind),
  };
}

async function tooLong(): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, longest));
  const { held = [], pending = [] } = await navigator.locks.query();
  const names = (locks: readonly LockInfo[]): string => locks.map(({ name }) => name).join(', ');
  throw new Error(`It did not end. Held: ${names(held)}; waited for: ${names(pending)}`);
}

export async function runHostTest(kind: HostKind, name: string): Promise<void> {
  const test = hostContractTests(setupOf(kind), expect).get(name);
  if (test === undefined) throw new Error('there is no such test');
  await Promise.race([test(), tooLong()]);
}
