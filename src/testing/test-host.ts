// A host as a worker is one, without the worker: its log outlives it, and it can die at any moment.

import { toRecord } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { LogHost } from '../core/log-host.ts';
import type { Platform } from '../core/platform.ts';
import { checkAdminCall, checkClientFrame } from '../protocol/check-client-frame.ts';
import type { ClientFrame, Frame, HostStatus } from '../protocol/frames.ts';
import type { Link } from '../protocol/link.ts';
import { loopLink } from '../protocol/loop-link.ts';
import { Session } from '../protocol/session.ts';
import type { OpenHost } from '../protocol/session.ts';
import type { TestClock } from './test-clock.ts';

/** What every tab is told of its host. */
const status = { host: 'shared-worker', why: 'The test made it.', durability: 'memory' } as const;

type Member = (...given: unknown[]) => unknown;

export class TestHost {
  readonly #term: number;
  readonly #host: LogHost;
  readonly #opened: Promise<OpenHost>;
  readonly #platform: Platform;
  readonly #sessions = new Set<Session>();
  readonly #unfollow: (() => void)[] = [];
  #status: HostStatus = { ...status, tabs: 0 };
  #isAlive = true;

  constructor(log: Log, term: number, clock: TestClock, isGone: (clientId: string) => boolean) {
    this.#term = term;
    this.#platform = clock.platform((task) => {
      if (this.#isAlive) task();
    });
    this.#host = new LogHost(this.#mortal(log), status, this.#platform);
    this.#opened = this.#open(isGone);
  }

  /** A link to a new session, for a client to attach to. */
  connect(): Link<ClientFrame> {
    const { client, host } = loopLink();
    const session = new Session(this.#whileAlive(host), {
      lock: `host:${this.#term}`,
      opened: this.#opened,
      check: checkClientFrame,
      checkAdmin: checkAdminCall,
      status: () => this.#status,
      defer: (task) => this.#platform.defer(task),
      onError: (problem) => this.#tell({ problem: toRecord(problem) }),
      // All tabs are of one build here.
      onNewer: () => undefined,
      onHello: () => this.#tell({ tabs: this.#sessions.size }),
      onClose: (closed) => {
        this.#sessions.delete(closed);
        this.#tell({ tabs: this.#sessions.size });
      },
    });
    this.#sessions.add(session);
    return this.#whileAlive(client);
  }

  /** A tab is gone, however it went. */
  gone(clientId: string): void {
    for (const session of this.#sessions) if (session.clientId === clientId) session.close();
    this.#host.gone(clientId);
  }

  /** Says nothing to anybody, and writes nothing any more. */
  die(): void {
    this.#isAlive = false;
    for (const stop of this.#unfollow) stop();
  }

  async #open(isGone: (clientId: string) => boolean): Promise<OpenHost> {
    await this.#host.recover((clientId, gone) => {
      if (isGone(clientId)) gone();
    });
    return { host: this.#host, term: this.#term };
  }

  #tell(change: Partial<HostStatus>): void {
    this.#status = { ...this.#status, ...change };
    for (const session of this.#sessions) session.status(this.#status);
  }

  /** What is under way when the host dies is lost, in both directions. */
  #whileAlive<Out extends Frame>(link: Link<Out>): Link<Out> {
    return {
      send: (frames) => {
        if (this.#isAlive) link.send(frames);
      },
      receive: (listener) =>
        link.receive((frames) => {
          if (this.#isAlive) listener(frames);
        }),
      close: () => link.close(),
    };
  }

  /** The log as this host has it: blocks come encoded, as they do in a browser, and the dead are not answered. */
  #mortal(log: Log): Log {
    const special: Partial<Log> = {
      encoded: true,
      follow: (listener) => {
        const stop = log.follow(listener);
        this.#unfollow.push(stop);
        return stop;
      },
      close: () => Promise.resolve(),
    };
    return new Proxy(log, {
      get: (_, name) => {
        const member: unknown = Reflect.get(name in special ? special : log, name);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]) =>
          this.#isAlive ? (member as Member).apply(log, given) : new Promise(() => undefined);
      },
    });
  }
}
