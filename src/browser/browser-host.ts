// A host in a browser context, whatever its kind: takes the bus's one lock, opens the log, serves sessions. It is crash-only:
// whatever goes wrong with its lock or its log, it says bye and ends; its clients find the next one.

import { busError, toRecord } from '../core/errors.ts';
import type { BusError } from '../core/errors.ts';
import { LogHost } from '../core/log-host.ts';
import type { HostKind } from '../core/message-bus.ts';
import { randomName, systemPlatform } from '../core/platform.ts';
import { Retention } from '../core/retention.ts';
import type { RetentionOptions } from '../core/retention.ts';
import { checkAdminCall, checkClientFrame } from '../protocol/check-client-frame.ts';
import type { Hello, HostFrame, HostStatus } from '../protocol/frames.ts';
import type { Link } from '../protocol/link.ts';
import { Session } from '../protocol/session.ts';
import type { OpenHost } from '../protocol/session.ts';
import { answeringLink } from './links/channel-link.ts';
import { holdLock, lockNames, whenFree } from './locks.ts';
import type { HeldLock } from './locks.ts';
import { Meeting } from './meeting.ts';
import { openBrowserLog, storageEstimate } from './storage.ts';
import type { Fallback } from './storage.ts';

export type Extension = (host: LogHost, report: (error: BusError) => void) => Promise<() => void>;

export interface HostOptions {
  readonly bus: string;
  readonly kind: HostKind;
  /** What its kind calls it: a part of the name of its lock. */
  readonly id: string;
  readonly why: string;
  /** How it comes by the bus's lock; by default it waits for its turn. */
  readonly core?: () => HeldLock;
  /** What else works beside the log. It settles, with how to stop it, when it will miss nothing that is stored. */
  readonly extend?: Extension;
  readonly retention?: RetentionOptions;
  /** Another log on disk, where IndexedDB is refused: only a page can have one. */
  readonly fallback?: Fallback;
  /** The host has ended: its context should go too. */
  readonly onEnd: (why: string) => void;
}

const estimateEvery = 30_000;
/** A host that ends gives way within less. */
const patience = 100;
/** A database that has said nothing by then is tried by the next host. */
const openWithin = 30_000;
/** Who has not said hello by then will not. */
const helloWithin = 60_000;

export class BrowserHost {
  readonly #options: HostOptions;
  readonly #lockName: string;
  readonly #sign: HeldLock;
  readonly #sessions = new Set<Session>();
  readonly #clients = new Map<string, () => void>();
  readonly #opened: Promise<OpenHost>;
  readonly #cleanup: (() => void)[] = [];
  #status: HostStatus;
  #retention: Retention | undefined;
  #hasCore = false;
  /** Another host has the bus. */
  #isStandby = false;
  #ended = false;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#lockName = lockNames.host(options.bus, options.kind, options.id, randomName(systemPlatform));
    this.#sign = holdLock(this.#lockName);
    this.#status = { host: options.kind, why: options.why, tabs: 0, durability: 'disk' };
    this.#opened = this.#open();
    // Whoever says hello within a second is still told why; then the lock is let go.
    this.#opened.catch(() => systemPlatform.timer(1000, () => this.end('The log could not be opened.')));
  }

  /** Serves one more client. Its first frame goes out as soon as this host's lock is held, which takes no disk. */
  accept(link: Link<HostFrame>): void {
    void this.#sign.held.then(() => {
      if (this.#ended) return link.close();
      // A timer that went on would keep what is left of a tab that has gone.
      const stop = systemPlatform.timer(helloWithin, () => session.close());
      const session = new Session(link, {
        lock: this.#lockName,
        opened: this.#opened,
        check: checkClientFrame,
        checkAdmin: checkAdminCall,
        status: () => this.#status,
        defer: (task) => queueMicrotask(task),
        onError: (error) => this.#report(error),
        onHello: (greeted, hello) => {
          stop();
          this.#welcome(greeted, hello);
        },
        onNewer: (why) => void this.#handOver(why),
        onClose: (closed) => {
          stop();
          this.#sessions.delete(closed);
          this.#countTabs();
        },
      });
      this.#sessions.add(session);
      if (this.#isStandby) return session.elsewhere();
      this.#countTabs();
    });
  }

  /** With an error, its clients do not look for the next one. */
  end(why: string, error?: BusError): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      for (const session of this.#sessions) session.bye(error);
      for (const stop of [...this.#cleanup, ...this.#clients.values()]) stop();
    } finally {
      this.#sign.release();
      this.#options.onEnd(why);
    }
  }

  /** What was given to it is stored and answered; then it makes room for a newer build, whose host waits already. */
  async #handOver(why: string): Promise<void> {
    const reload = busError('VERSION_MISMATCH', `A newer version of this page has taken over. ${why}`);
    if (this.#hasCore) await this.#opened.then(({ host }) => host.log.save([])).catch(() => undefined);
    systemPlatform.timer(0, () => this.end(reload.message, reload));
  }

  /** What comes too late is undone at once. */
  #atEnd(clean: () => void): void {
    if (this.#ended) clean();
    else this.#cleanup.push(clean);
  }

  async #open(): Promise<OpenHost> {
    await this.#takeCore();
    const stop = systemPlatform.timer(openWithin, () => this.end('The log does not open.'));
    this.#atEnd(stop);
    const { log, term, durability, problem } = await openBrowserLog({
      bus: this.#options.bus,
      platform: systemPlatform,
      isAlive: await aliveClients(this.#options.bus),
      isOver: () => this.#ended,
      onEnd: (why) => this.end(why),
      fallback: this.#options.fallback,
    });
    stop();
    const { kind, why } = this.#options;
    const host = new LogHost(log, { host: kind, why, durability });
    this.#atEnd(() => void host.close().catch(() => undefined));
    // What it cannot read its successor may: it holds nothing up.
    host.events.on('error', ({ code, message }) => {
      if (code === 'HOST_LOST') this.end(message);
    });
    this.#status = { ...this.#status, durability, ...(problem !== undefined && { problem: toRecord(problem) }) };
    const { bus } = this.#options;
    await host.recover((clientId, gone) => this.#atEnd(whenFree(lockNames.tab(bus, clientId), gone)));
    await this.#extend(host);
    this.#measure();
    return { host, term };
  }

  /** Only one core runs for a bus, in whatever kind of context. */
  async #takeCore(): Promise<void> {
    const { bus, core: take = () => holdLock(lockNames.core(bus)) } = this.#options;
    const core = take();
    this.#atEnd(() => core.release());
    void core.lost.then(() => this.end('Another host took over.'));
    const stop = systemPlatform.timer(patience, () => this.#standBy());
    this.#atEnd(stop);
    await core.held;
    stop();
    this.#hasCore = true;
    this.#isStandby = false;
    this.#beThere();
  }

  /** Its clients belong to the host that has the bus; it waits for its turn. */
  #standBy(): void {
    this.#isStandby = true;
    for (const session of this.#sessions) session.elsewhere();
  }

  /** Tabs that cannot reach it otherwise find it at the meeting place. */
  #beThere(): void {
    if (this.#ended) return;
    const { bus } = this.#options;
    const meeting = new Meeting(bus, (notice) => {
      if (notice.type === 'knock') this.accept(answeringLink(notice.channel, this.#lockName));
    });
    this.#atEnd(() => meeting.close());
    meeting.say({ type: 'here' });
  }

  async #extend(host: LogHost): Promise<void> {
    const { extend, retention } = this.#options;
    if (retention !== undefined) this.#retain(host, retention);
    if (extend !== undefined) this.#atEnd(await extend(host, (error) => this.#report(error)));
  }

  /** The first limits hold: those of the host's own file, else those of the first tab that has any. */
  #retain(host: LogHost, limits: RetentionOptions): void {
    if (this.#retention !== undefined) return;
    const failed = (cause: unknown): void => this.#report(busError('HOST_LOST', 'Retention failed.', { cause }));
    const retention = new Retention(host.log, limits, systemPlatform, failed, (channelId) => host.floor(channelId));
    this.#retention = retention;
    this.#atEnd(() => retention.close());
  }

  #welcome(session: Session, { clientId, link = 0, lock, retention }: Hello): void {
    // A client that says hello again, because the first time took too long, is still one tab. Ports have no order among each
    // other: what it said first may be heard last.
    const others = [...this.#sessions].filter((other) => other !== session && other.clientId === clientId);
    if (others.some(({ hello }) => (hello?.link ?? 0) > link)) return session.close();
    for (const other of others) other.close();
    this.#watch(session, clientId, lock);
    if (retention !== undefined) this.#opened.then(({ host }) => this.#retain(host, retention)).catch(() => undefined);
  }

  /** A tab's lock is granted to us when the tab is gone, however it went. */
  #watch(session: Session, clientId: string, lock: string): void {
    this.#countTabs();
    this.#clients.get(clientId)?.();
    const stop = whenFree(lock, () => {
      this.#clients.delete(clientId);
      session.close();
      this.#opened.then(({ host }) => host.gone(clientId)).catch(() => undefined);
    });
    this.#clients.set(clientId, stop);
  }

  #countTabs(): void {
    this.#tell({ tabs: [...this.#sessions].filter(({ clientId }) => clientId !== undefined).length });
  }

  #measure(): void {
    const look = (): void => {
      void storageEstimate().then((storage) => {
        if (storage !== undefined && !this.#ended) this.#tell({ storage });
      });
    };
    look();
    const timer = setInterval(look, estimateEvery);
    this.#atEnd(() => clearInterval(timer));
  }

  #report(error: BusError): void {
    this.#tell({ problem: toRecord(error), problems: (this.#status.problems ?? 0) + 1 });
  }

  #tell(change: Partial<HostStatus>): void {
    if (this.#ended) return;
    this.#status = { ...this.#status, ...change };
    for (const session of this.#sessions) session.status(this.#status);
  }
}

/** Which clients of the host before may still repeat a push: those whose tab lives. */
async function aliveClients(bus: string): Promise<(clientId: string) => boolean> {
  const { held = [], pending = [] } = await navigator.locks.query();
  const names = new Set([...held, ...pending].map((lock) => lock.name));
  return (clientId) => names.has(lockNames.tab(bus, clientId));
}
