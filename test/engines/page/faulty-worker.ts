// The host, which ends without a word when it is told to.
import '../../../src/browser/worker.ts';
import { lockNames, stealLock } from '../../../src/browser/locks.ts';
import { parseServiceWorkerScope, parseWorkerName } from '../../../src/browser/worker-name.ts';

interface Scope {
  readonly name: string;
  readonly registration?: { readonly scope: string };
  close(): void;
}

const scope = globalThis as unknown as Scope;
const { bus } =
  scope.registration === undefined ? parseWorkerName(scope.name) : parseServiceWorkerScope(scope.registration.scope);

/** A service worker cannot end itself: the host in it loses its lock, and nobody hears what it still says. */
async function lose(): Promise<void> {
  const { postMessage } = BroadcastChannel.prototype;
  BroadcastChannel.prototype.postMessage = () => undefined;
  const core = stealLock(lockNames.core(bus));
  await core.held;
  // The host was told that its lock is lost before this one was granted; what follows from it takes no longer than a task.
  await new Promise((resolve) => setTimeout(resolve));
  BroadcastChannel.prototype.postMessage = postMessage;
  core.release();
}

new BroadcastChannel(`faults:${bus}`).onmessage = () => {
  if (scope.registration === undefined) scope.close();
  else void lose();
};
