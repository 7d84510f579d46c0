// Finds the host and stays with it: reaches the one that its seat brings about, or knocks where the one of another tab can be
// found; notices when it dies (its lock) or hangs (no answer to beats), and goes on to the next. There is a deadline on the
// handshake, none on waiting for a lock.

import { busError, describe, isBusError } from '../core/errors.ts';
import type { Platform } from '../core/platform.ts';
import type { ClientFrame } from '../protocol/frames.ts';
import type { Link } from '../protocol/link.ts';
import type { Connector, LinkWatcher, RemoteHost } from '../protocol/remote-host.ts';
import type { Seat } from './hosts/seat.ts';
import { knockingLink } from './links/channel-link.ts';
import { Heartbeat } from './liveness.ts';
import { coreHolder, isHostOf, lockNames, removeFromCore, whenFree } from './locks.ts';
import type { CoreHolder } from './locks.ts';
import { linkName, Meeting } from './meeting.ts';
import type { Notice } from './meeting.ts';

const firstDeadline = 150;
const lastDeadline = 1000;
/** So many handshakes that a running host did not answer: it will not answer any more. */
const silentAttempts = 4;
const hostsBeforeGivingUp = 2;
/** About two seconds. */
const triesByName = 4;
const refusalsBeforeGivingUp = 3;
/** About half a minute for the script to load: slow lines are not a reason to leave the other tabs' bus. */
const attemptsToLoad = 30;

export interface SeekerOptions {
  readonly bus: string;
  readonly platform: Platform;
  readonly seat: Seat;
  /** Said before what the host says of itself. */
  readonly because: string;
  /** How often it beats while nothing is awaited. */
  readonly idleBeat?: number;
  /** It had a host before: then it does not give up soon. */
  readonly isPatient: boolean;
  /** No such host can be had here: the next kind has its turn. */
  readonly onUnavailable: (why: string) => void;
}

export class Seeker implements Connector, LinkWatcher {
  readonly because: string;
  readonly #options: SeekerOptions;
  readonly #seat: Seat;
  readonly #heart: Heartbeat;
  #client!: RemoteHost;
  #meeting: Meeting | undefined;
  /** The host of its seat has said that another has the bus. */
  #elsewhere = false;
  /** The seat has failed to bring a host about: what runs under its name is a worker of another build. */
  #isBarred = false;
  /** What it has said hello to is the host of its seat, by a port of it. */
  #isOwn = false;
  /** The lock of the host that answered. */
  #host: string | undefined;
  #isWelcome = false;
  #everWelcome = false;
  #failures = 0;
  #refusals = 0;
  #silent = 0;
  #attempt = 0;
  #tries = 0;
  #cancelDeadline: (() => void) | undefined;
  #stopWatching: (() => void) | undefined;
  #closed = false;
  #away = false;

  constructor(options: SeekerOptions) {
    this.#options = options;
    this.because = options.because;
    this.#seat = options.seat;
    this.#everWelcome = options.isPatient;
    this.#heart = new Heartbeat(
      options.platform,
      (n) => this.#client.ping(n),
      () => !this.#isWelcome || this.#client.waiting,
      () => void this.#hung('The host did not answer.'),
      options.idleBeat,
    );
  }

  start(client: RemoteHost): void {
    this.#client = client;
    client.watcher = this;
    for (const name of ['pagehide', 'freeze']) addEventListener(name, this.#leave, true);
    for (const name of ['pageshow', 'resume']) addEventListener(name, this.#return, true);
    this.#seat.failed?.((why) => this.#failed(why));
    void this.#enter();
  }

  greeted(lock: string): void {
    if (!isHostOf(this.#options.bus, lock))
      return this.#giveUp('The worker hosts another bus: pass the name that `worker` is given on to it.');
    this.#host = lock;
    this.#cancelDeadline?.();
    this.#stopWatching?.();
    this.#stopWatching = whenFree(lock, () => this.#lost('The host is gone; the next one is being started.'));
    // It may hang while it opens its log, too.
    this.#heart.start();
  }

  welcomed(): void {
    this.#isWelcome = true;
    this.#everWelcome = true;
    this.#failures = 0;
    this.#silent = 0;
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
    this.#cancelDeadline = this.#options.platform.timer(lastDeadline, () =>
      this.#lost('The host stays, but not for us.'),
    );
  }

  elsewhere(): void {
    this.#elsewhere = true;
    this.#again('Another host has this bus.');
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    this.#meeting?.close();
    for (const name of ['pagehide', 'freeze']) removeEventListener(name, this.#leave, true);
    for (const name of ['pageshow', 'resume']) removeEventListener(name, this.#return, true);
    this.#seat.leave();
  }

  get everWelcome(): boolean {
    return this.#everWelcome;
  }

  #stop(): void {
    this.#attempt += 1;
    this.#heart.stop();
    this.#cancelDeadline?.();
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#host = undefined;
    this.#isWelcome = false;
  }

  /**
   * A page in the back-forward cache must not be talked to: that would evict it. One that is frozen may go on as it is, unless
   * others depend on it.
   */
  readonly #leave = ({ type }: Event): void => {
    if (this.#away || (type === 'freeze' && this.#seat.leads !== true)) return;
    this.#away = true;
    this.#stop();
    this.#client.detach('The page is hidden.');
    this.#meeting?.close();
    this.#seat.leave();
  };

  readonly #return = (): void => {
    if (!this.#away) return;
    this.#away = false;
    void this.#enter();
  };

  async #enter(): Promise<void> {
    if (this.#closed || this.#away) return;
    this.#meeting = new Meeting(this.#options.bus, (notice) => this.#heard(notice));
    this.#elsewhere = false;
    await this.#seat.enter(this.#meeting, (why) => this.#lost(why));
    this.#connect();
  }

  #heard(notice: Notice): void {
    this.#seat.heard?.(notice);
    if (notice.type === 'here' && this.#host === undefined) this.#lost('A host has begun.');
  }

  #lost(why: string): void {
    this.#elsewhere = false;
    this.#isBarred = false;
    this.#again(why);
  }

  #again(why: string): void {
    if (this.#closed || this.#away) return;
    this.#stop();
    this.#client.detach(why);
    this.#connect();
  }

  /** Makes a host that hangs give way, and leaves it behind. */
  async #hung(why: string): Promise<void> {
    const { bus } = this.#options;
    const greeted = this.#host;
    const wasOwn = greeted !== undefined && this.#isOwn;
    this.#heart.relax();
    this.#stop();
    this.#client.detach(why);
    const attempt = this.#attempt;
    // Before anything else: a host that begins meanwhile is to be looked for, and not under the name of the one that hangs.
    if (wasOwn) await this.#seat.abandon();
    if (this.#isOver(attempt)) return;
    const [holder, own] = await this.#running();
    const hangs = greeted ?? (this.#elsewhere || own === undefined ? holder?.host : own);
    // Nobody may be at work: a tab that was put to sleep before its host had begun.
    if (holder !== undefined && holder.host === hangs) await removeFromCore(bus, holder);
    if (this.#isOver(attempt)) return;
    if (!wasOwn && own !== undefined && own === hangs) await this.#seat.abandon();
    if (!this.#isOver(attempt)) this.#lost(why);
  }

  #connect(): void {
    void this.#greet(++this.#attempt, 1);
  }

  #isOver(attempt: number): boolean {
    return attempt !== this.#attempt || this.#closed || this.#away;
  }

  async #greet(attempt: number, tries: number): Promise<void> {
    if (this.#isOver(attempt)) return;
    const { bus, platform } = this.#options;
    // Whatever is waited for from here on: until `hi`, or a later try.
    const patience = Math.min(lastDeadline, firstDeadline * 2 ** Math.max(tries - 1, this.#silent));
    this.#cancelDeadline?.();
    this.#cancelDeadline = platform.timer(patience, () => void this.#unanswered(attempt, tries));
    this.#tries = tries;
    try {
      const link = this.#elsewhere ? undefined : await this.#seat.reach();
      if (this.#isOver(attempt) || tries !== this.#tries) return link?.close();
      this.#isOwn = link !== undefined;
      this.#client.attach(link ?? this.#knock(), lockNames.tab(bus, this.#client.clientId));
    } catch (error) {
      if (!this.#isOver(attempt)) this.#failed(isBusError(error) ? error.message : describe(error));
    }
  }

  #knock(): Link<ClientFrame> {
    const name = linkName(this.#options.bus);
    const link = knockingLink(name);
    this.#meeting?.say({ type: 'knock', channel: name });
    return link;
  }

  /** Who has the bus, and the host that this tab's seat leads to. */
  #running(): Promise<[CoreHolder | undefined, string | undefined]> {
    return Promise.all([coreHolder(this.#options.bus), this.#isBarred ? undefined : this.#seat.running()]);
  }

  /** A host that is still being loaded is asked again; one that runs and does not answer is left behind. */
  async #unanswered(attempt: number, tries: number): Promise<void> {
    const [holder, own] = await this.#running();
    if (this.#isOver(attempt)) return;
    const runs = (this.#elsewhere ? holder?.host : (own ?? holder?.host)) !== undefined;
    this.#silent = runs ? this.#silent + 1 : 0;
    if (this.#silent >= silentAttempts) {
      this.#silent = 0;
      this.#failures += 1;
      if (this.#everWelcome || this.#failures < hostsBeforeGivingUp) return this.#hung('The host does not answer.');
      return this.#giveUp('The host does not answer.');
    }
    if (tries >= attemptsToLoad) {
      if (holder === undefined) return this.#giveUp('The host does not begin.');
      return this.#hung('The host does not begin.');
    }
    // Nobody has begun for long, though somebody had: in Firefox, what is told to close is at times what its name leads to for
    // ever.
    if (!(holder ?? own) && this.#everWelcome && tries % triesByName === 0) await this.#seat.abandon();
    // The host of its own seat may have the bus by now; or it cannot be had any more, and somebody else's is there.
    this.#elsewhere = own === undefined && holder?.host !== undefined;
    await this.#greet(attempt, tries + 1);
  }

  /**
   * It may be there when it is asked for again: a worker that was killed while it was being loaded fails like one that is not
   * there. Who had a host before waits long.
   */
  #failed(why: string): void {
    this.#refusals += 1;
    this.#isBarred = true;
    if (!this.#everWelcome && this.#refusals >= refusalsBeforeGivingUp) this.#giveUp(why);
  }

  #giveUp(why: string): void {
    if (this.#closed) return;
    this.#client.report(busError('WORKER_FAILED', why));
    this.close();
    this.#options.onUnavailable(why);
  }
}
