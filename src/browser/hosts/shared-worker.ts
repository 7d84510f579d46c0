// Finds the SharedWorker host: makes or reaches it, notices when it dies (its lock) or hangs (no answer to beats), and goes on
// to the next. There is a deadline on the handshake, none on waiting for a lock.

import { busError } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import type { Connector, LinkWatcher, RemoteHost } from '../../protocol/remote-host.ts';
import { portLink } from '../links/port-link.ts';
import { Heartbeat } from '../liveness.ts';
import { highestGeneration, holdLock, hostRuns, lockNames, whenFree } from '../locks.ts';
import type { HeldLock } from '../locks.ts';
import { workerName } from '../worker-name.ts';

const firstDeadline = 150;
const lastDeadline = 1000;
/** So many handshakes that a running worker did not answer: it will not answer any more. */
const silentAttempts = 4;
const generationsBeforeGivingUp = 2;
/** About half a minute for the script to load: slow lines are not a reason to leave the other tabs' bus. */
const attemptsToLoad = 30;

export interface SharedWorkerOptions {
  readonly bus: string;
  readonly platform: Platform;
  readonly create: (name: string) => SharedWorker;
  /** No worker can be had here: the next kind of host has its turn. */
  readonly onUnavailable: (why: string) => void;
}

export class SharedWorkerConnector implements Connector, LinkWatcher {
  readonly #options: SharedWorkerOptions;
  readonly #heart: Heartbeat;
  #client!: RemoteHost;
  #tab: HeldLock | undefined;
  #generation: { readonly number: number; readonly lock: HeldLock } | undefined;
  #failures = 0;
  #silent = 0;
  #everGreeted = false;
  #attempt = 0;
  #cancelDeadline: (() => void) | undefined;
  #stopWatching: (() => void) | undefined;
  #closed = false;
  #away = false;
  /** Where a tab says that it left a hung host behind, so that tabs which wait for nothing follow at once. */
  #news: BroadcastChannel | undefined;

  constructor(options: SharedWorkerOptions) {
    this.#options = options;
    this.#heart = new Heartbeat(
      options.platform,
      (n) => this.#client.ping(n),
      () => this.#client.waiting,
      () => this.#hung('The host did not answer.'),
    );
  }

  start(client: RemoteHost): void {
    this.#client = client;
    client.watcher = this;
    this.#listen();
    addEventListener('pagehide', this.#leave);
    addEventListener('pageshow', this.#return);
    this.#tab = holdLock(lockNames.tab(this.#options.bus, client.clientId));
    void this.#tab.held.then(() => this.#connect());
  }

  greeted(lock: string): void {
    this.#everGreeted = true;
    this.#failures = 0;
    this.#silent = 0;
    this.#cancelDeadline?.();
    this.#stopWatching?.();
    this.#stopWatching = whenFree(lock, () => this.#lost('The host is gone; the next one is being started.'));
  }

  welcomed(): void {
    this.#heart.start();
  }

  expecting(): void {
    this.#heart.expect();
  }

  pong(n: number): void {
    this.#heart.pong(n);
  }

  left(): void {
    // Its lock shows when it is really gone: until then a new SharedWorker of its name might still reach it.
    this.#heart.stop();
    this.#client.detach('The host said bye; the next one is being started.');
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    this.#news?.close();
    removeEventListener('pagehide', this.#leave);
    removeEventListener('pageshow', this.#return);
    this.#generation?.lock.release();
    this.#tab?.release();
  }

  #stop(): void {
    this.#attempt += 1;
    this.#heart.stop();
    this.#cancelDeadline?.();
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  /** A page in the back-forward cache must not be talked to: that would evict it. */
  readonly #leave = (): void => {
    this.#away = true;
    this.#news?.close();
    this.#stop();
    this.#client.detach('The page is hidden.');
  };

  readonly #return = (): void => {
    if (!this.#away) return;
    this.#away = false;
    this.#listen();
    void this.#connect();
  };

  #listen(): void {
    this.#news = new BroadcastChannel(`busline:${this.#options.bus}:generation`);
    this.#news.addEventListener('message', this.#heard);
  }

  /** Whoever says so: the locks tell whether it is true. */
  readonly #heard = (): void => {
    void highestGeneration(this.#options.bus).then((highest) => {
      if (highest > (this.#generation?.number ?? highest) && !this.#away && !this.#closed)
        this.#lost('Another tab found the host hung.');
    });
  };

  #lost(why: string): void {
    this.#stop();
    this.#client.detach(why);
    void this.#connect();
  }

  #hung(why: string): void {
    this.#heart.relax();
    this.#stop();
    this.#client.detach(why);
    void this.#connect((this.#generation?.number ?? 0) + 1);
  }

  async #connect(atLeast = 0): Promise<void> {
    const attempt = ++this.#attempt;
    const highest = await highestGeneration(this.#options.bus);
    if (attempt !== this.#attempt || this.#closed || this.#away) return;
    const generation = Math.max(highest, atLeast);
    if (this.#generation?.number !== generation) {
      this.#generation?.lock.release();
      this.#generation = {
        number: generation,
        lock: holdLock(lockNames.generation(this.#options.bus, generation), 'shared'),
      };
      await this.#generation.lock.held;
      if (generation > highest) this.#news?.postMessage('raised');
    }
    this.#greet(attempt, 1);
  }

  #greet(attempt: number, tries: number): void {
    if (attempt !== this.#attempt || this.#closed || this.#away) return;
    const { bus, platform, create } = this.#options;
    const generation = this.#generation?.number ?? 0;
    try {
      const worker = create(workerName(bus, generation));
      worker.addEventListener('error', () => this.#failed(attempt, 'The worker script failed to load or to start.'));
      this.#client.attach(portLink(worker.port), lockNames.tab(bus, this.#client.clientId));
    } catch (error) {
      return this.#failed(attempt, `SharedWorker cannot be made: ${String(error)}`);
    }
    const deadline = Math.min(lastDeadline, firstDeadline * 2 ** (tries - 1));
    this.#cancelDeadline = platform.timer(deadline, () => void this.#unanswered(attempt, tries));
  }

  /** A script that is still being loaded is asked again; one that runs and does not answer is left behind. */
  async #unanswered(attempt: number, tries: number): Promise<void> {
    const runs = await hostRuns(this.#options.bus, this.#generation?.number ?? 0);
    if (attempt !== this.#attempt || this.#closed || this.#away) return;
    this.#silent = runs ? this.#silent + 1 : 0;
    if (this.#silent >= silentAttempts) {
      this.#silent = 0;
      this.#failures += 1;
      if (this.#everGreeted || this.#failures < generationsBeforeGivingUp)
        return this.#hung('The worker does not answer.');
      return this.#failed(attempt, 'The worker does not answer.');
    }
    if (tries >= attemptsToLoad) return this.#failed(attempt, 'The worker script does not load.');
    this.#greet(attempt, tries + 1);
  }

  #failed(attempt: number, why: string): void {
    if (attempt !== this.#attempt || this.#closed) return;
    if (this.#everGreeted) return;
    this.#client.report(busError('WORKER_FAILED', why));
    this.close();
    this.#options.onUnavailable(why);
  }
}
