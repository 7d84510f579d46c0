// A bus beside its log, in one process. All buses of a log share its one host: what a group hands out to one of them it does
// not hand out to another.

import type { Ack } from './batch.ts';
import type { Block } from './block.ts';
import { busError, describe } from './errors.ts';
import { Events } from './events.ts';
import type {
  DeadNotice,
  Host,
  JoinRequest,
  Membership,
  MemberSink,
  ReadRequest,
  Reader,
  Receipt,
  Sink,
} from './host.ts';
import { clientName } from './group-keeper.ts';
import type { HostAdmin } from './host-admin.ts';
import type { Log, Page, Position } from './log.ts';
import { LogHost } from './log-host.ts';
import type { BusStatus, ChannelInfo, Member } from './message-bus.ts';
import type { Platform } from './platform.ts';
import type { Presence } from './presence.ts';
import { Retention } from './retention.ts';
import type { RetentionOptions } from './retention.ts';
import { Cell } from './store.ts';
import type { Store } from './store.ts';
import type { Will } from './will.ts';
import type { Testament } from './wills.ts';

interface Shared {
  readonly host: LogHost;
  readonly retention: Retention | undefined;
  buses: number;
}

/** By the kind of log; what another one survives nobody here knows. */
const durability: { readonly [kind: string]: BusStatus['durability'] } = { redis: 'redis', file: 'files' };
const hosts = new WeakMap<Log, Shared>();

export class LocalHost implements Host {
  readonly status: Cell<BusStatus>;
  readonly events: Events = new Events();
  readonly #log: Log;
  readonly #shared: Shared;
  readonly #clientId: string;
  readonly #unlisten: () => void;
  readonly #members = new Set<MemberSink>();
  #joined = 0;

  constructor(log: Log, platform: Platform, limits?: RetentionOptions) {
    this.#log = log;
    let shared = hosts.get(log);
    if (shared === undefined) {
      hosts.set(log, (shared = sharedHost(log, platform, limits)));
      // What a process before this one left behind in a log that lasts.
      shared.host.recover().catch((cause: unknown) => this.#unrecovered(cause));
    }
    shared.buses += 1;
    this.#shared = shared;
    this.#clientId = clientName(log, platform);
    this.status = new Cell({ ...shared.host.status.getSnapshot(), ...whereNow(log) });
    const unlisten = shared.host.events.on('error', (error) => this.events.emit('error', error));
    const unwatch = log.place?.subscribe(() => this.status.set({ ...this.status.getSnapshot(), ...whereNow(log) }));
    this.#unlisten = () => {
      unlisten();
      unwatch?.();
    };
  }

  get encoded(): boolean {
    return this.#host.encoded;
  }

  push(block: Block, ack: Ack, testament?: Testament): Promise<Receipt> {
    return this.#host.push(block, ack, testament, undefined, this.#clientId);
  }

  setWill(will: Will): void {
    this.#host.setWill(will, this.#clientId);
  }

  cast(block: Block): void {
    this.#host.cast(block);
  }

  open(request: ReadRequest, sink: Sink): Reader {
    return this.#host.open(request, sink);
  }

  join(request: JoinRequest, sink: MemberSink): Membership {
    const membership = this.#host.joinFor(this.#clientId, ++this.#joined, request, sink, []);
    this.#members.add(sink);
    return {
      ...membership,
      leave: () => {
        this.#members.delete(sink);
        membership.leave();
      },
    };
  }

  admin(): Promise<HostAdmin> {
    return this.#host.admin();
  }

  presence(channelId: string): Store<readonly Member[]> {
    return this.#host.presence(channelId);
  }

  setPresence(channelId: string, userId: string, presence: Presence): void {
    this.#host.say(this.#clientId, channelId, userId, presence);
  }

  onDeadLetter(listener: (notice: DeadNotice) => void): () => void {
    return this.#host.onDeadLetter(listener);
  }

  page(channelId: string, after: number, limit: number): Promise<Page> {
    return this.#host.page(channelId, after, limit);
  }

  channels(pattern: string): Promise<readonly ChannelInfo[]> {
    return this.#host.channels(pattern);
  }

  erase(channelId: string, offset: number, id: string, author: string): Promise<void> {
    return this.#host.erase(channelId, offset, id, author);
  }

  clear(channelId: string, upTo: Position, author: string): Promise<void> {
    return this.#host.clear(channelId, upTo, author);
  }

  async close(): Promise<void> {
    this.#unlisten();
    this.status.set({ ...this.status.getSnapshot(), host: 'closed' });
    for (const member of this.#members) member.failed(busError('CLOSED', 'The bus is closed.'));
    this.#host.gone(this.#clientId);
    this.#shared.buses -= 1;
    if (this.#shared.buses > 0) return;
    hosts.delete(this.#log);
    await this.#shared.retention?.finish();
    await this.#host.close();
  }

  get #host(): LogHost {
    return this.#shared.host;
  }

  #unrecovered(cause: unknown): void {
    const what = `What was left behind in the log could not be read: ${describe(cause)}`;
    this.events.emit('error', busError('HOST_LOST', what, { cause }));
  }
}

function whereNow({ kind, place }: Log): Pick<BusStatus, 'durability'> {
  return { durability: durability[place?.getSnapshot() ?? kind] ?? 'memory' };
}

function sharedHost(log: Log, platform: Platform, limits: RetentionOptions | undefined): Shared {
  const what = {
    host: 'process',
    why: 'The bus runs in this process.',
    ...whereNow(log),
  } as const;
  const host = new LogHost(log, what, platform);
  const failed = (cause: unknown): void =>
    host.events.emit('error', busError('HOST_LOST', `Retention failed: ${describe(cause)}`, { cause }));
  const floor = (channelId: string): Promise<number> => host.floor(channelId);
  return { host, retention: limits && new Retention(log, limits, platform, failed, floor), buses: 0 };
}
