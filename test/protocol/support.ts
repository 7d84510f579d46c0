// Both ends of the protocol over loop links, with hosts that can be made to die between any two frames.
import type { Log } from 'busline/core';
import { HostedBus } from '../../src/core/bus.ts';
import type { BusError } from '../../src/core/errors.ts';
import { LogHost } from '../../src/core/log-host.ts';
import { systemPlatform } from '../../src/core/platform.ts';
import { checkAdminCall, checkClientFrame } from '../../src/protocol/check-client-frame.ts';
import type { Frame } from '../../src/protocol/frames.ts';
import type { Link } from '../../src/protocol/link.ts';
import { loopLink } from '../../src/protocol/loop-link.ts';
import { RemoteHost } from '../../src/protocol/remote-host.ts';
import { Session } from '../../src/protocol/session.ts';
import { encodedLog, testPlatform, wrapped } from '../core/support.ts';
import type { TestPlatform } from '../core/support.ts';

/** A link that carries so many frames and no more; `spend` says how many of these still pass. */
function limited<Out extends Frame>(link: Link<Out>, host: MortalHost): Link<Out> {
  return {
    send(frames) {
      const passing = host.spend(frames.length);
      if (passing > 0) link.send(frames.slice(0, passing));
    },
    receive(listener) {
      link.receive((frames) => {
        if (host.isAlive) listener(frames);
      });
    },
    close: () => link.close(),
  };
}

/** A host that dies when its links have carried so many frames. Its log outlives it, fenced against it. */
export class MortalHost {
  readonly host: LogHost;
  readonly #sessions = new Set<Session>();
  readonly #onDeath: () => void;
  readonly #unfollow: (() => void)[] = [];
  readonly #term: number;
  #frames: number;
  isAlive = true;
  readonly errors: BusError[] = [];

  constructor(log: Log, term: number, frames: number, onDeath: () => void, ahead: () => number) {
    this.#term = term;
    this.#frames = frames;
    this.#onDeath = onDeath;
    const mine = wrapped(log, {
      append: async (entries) => {
        // A commit takes a while. What a dead host has not committed, it never will.
        for (let turn = 0; turn < entries.length % 4; turn++) await Promise.resolve();
        if (!this.isAlive) throw new Error('fenced');
        return log.append(entries);
      },
      follow: (listener) => {
        const stop = log.follow(listener);
        this.#unfollow.push(stop);
        return stop;
      },
      save: async (records) => {
        await Promise.resolve();
        if (!this.isAlive) throw new Error('fenced');
        return log.save(records);
      },
      close: () => Promise.resolve(),
    });
    const born = systemPlatform.elapsed();
    this.host = new LogHost(
      mine,
      { host: 'shared-worker', why: 'A test.', durability: 'memory' },
      {
        ...systemPlatform,
        now: () => systemPlatform.now() + ahead(),
        // Each context counts from its own beginning.
        elapsed: () => systemPlatform.elapsed() - born,
      },
    );
  }

  get sessions(): ReadonlySet<Session> {
    return this.#sessions;
  }

  spend(frames: number): number {
    if (!this.isAlive) return 0;
    const passing = Math.min(frames, this.#frames);
    this.#frames -= passing;
    if (passing < frames) this.die();
    return passing;
  }

  die(): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const stop of this.#unfollow) stop();
    this.#onDeath();
  }

  connect(client: RemoteHost): void {
    const { client: near, host: far } = loopLink();
    const session = new Session(limited(far, this), {
      lock: `host:${this.#term}`,
      opened: Promise.resolve({ host: this.host, term: this.#term }),
      check: checkClientFrame,
      checkAdmin: checkAdminCall,
      status: () => ({ host: 'shared-worker', why: 'A test.', tabs: this.#sessions.size, durability: 'memory' }),
      defer: (task) => queueMicrotask(task),
      onError: (error) => this.errors.push(error),
      onHello: () => undefined,
      onNewer: () => undefined,
      onClose: (closed) => this.#sessions.delete(closed),
    });
    this.#sessions.add(session);
    client.attach(limited(near, this), 'tab');
  }
}

/** Hosts that follow on each other over one log, and clients that find the next when one dies. */
export class Succession {
  /** Clients that are dead, as their locks would show. */
  readonly dead = new Set<string>();
  readonly #watched = new Map<string, (() => void)[]>();
  readonly log: Log = encodedLog();
  readonly clients: RemoteHost[] = [];
  /** Of the buses, in the order of their making. */
  readonly platforms: TestPlatform[] = [];
  readonly #lives: number[];
  /** How far the clock on the wall is ahead of the true time. */
  #ahead = 0;
  host: MortalHost;
  deaths = 0;

  /** How many frames each host lives; the last one lives for ever. */
  constructor(lives: readonly number[] = []) {
    this.#lives = [...lives];
    this.host = this.#next();
  }

  /** A bus of its own, as a tab has it. */
  bus(author = 'tab'): HostedBus {
    const platform = testPlatform(this.platforms.length + 1);
    this.platforms.push(platform);
    const client = new RemoteHost(
      { start: (starting) => this.host.connect(starting), close: () => undefined },
      platform,
    );
    client.watcher = { left: () => void setImmediate(() => this.host.connect(client)) };
    this.clients.push(client);
    return new HostedBus(client, { platform, author });
  }

  /** The clock on the wall is set, for all of them; no time passes. */
  jump(ms: number): void {
    this.#ahead += ms;
    for (const platform of this.platforms) platform.time += ms;
  }

  /** The tab is gone without a word. */
  kill(client: RemoteHost): void {
    this.dead.add(client.clientId);
    this.clients.splice(this.clients.indexOf(client), 1);
    client.attach({ send: () => undefined, receive: () => undefined, close: () => undefined }, 'tab');
    setImmediate(() => {
      this.host.host.gone(client.clientId);
      for (const gone of this.#watched.get(client.clientId) ?? []) gone();
    });
  }

  #next(): MortalHost {
    const next = this.#make();
    void next.host.recover((clientId, gone) => {
      if (this.dead.has(clientId)) gone();
      else this.#watched.set(clientId, [...(this.#watched.get(clientId) ?? []), gone]);
    });
    return next;
  }

  #make(): MortalHost {
    const onDeath = (): void => {
      this.deaths += 1;
      // Clients learn of it a little later, as they do by a lock.
      setImmediate(() => {
        this.host = this.#next();
        for (const client of this.clients) {
          client.detach('The host died.');
          if (client.status.getSnapshot().host !== 'closed') this.host.connect(client);
        }
      });
    };
    return new MortalHost(this.log, this.deaths + 1, this.#lives.shift() ?? Infinity, onDeath, () => this.#ahead);
  }
}
