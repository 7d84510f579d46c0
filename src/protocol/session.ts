// The host's side of one link: owns all that its client has here, and one `close` frees it.

import type { Block, StoredBlock } from '../core/block.ts';
import { busError, describe, isBusError, toRecord } from '../core/errors.ts';
import type { BusError } from '../core/errors.ts';
import type { HostMembership } from '../core/group-keeper.ts';
import type { MemberSink, Reader, Sink } from '../core/host.ts';
import type { Positions } from '../core/log.ts';
import type { LogHost } from '../core/log-host.ts';
import type { Reset } from '../core/message-bus.ts';
import { serveAdmin } from './admin-tunnel.ts';
import type { Tunnel } from './admin-tunnel.ts';
import { versions } from './frames.ts';
import type {
  AnswerFrame,
  AskFrame,
  ClientFrame,
  Hello,
  HostFrame,
  HostStatus,
  JoinFrame,
  OpenFrame,
  PushFrame,
  SettleFrame,
  WatchFrame,
} from './frames.ts';
import { Outgoing } from './link.ts';
import type { Link } from './link.ts';

export interface OpenHost {
  readonly host: LogHost;
  readonly term: number;
}

export interface SessionOptions {
  /** The lock that dies with this host's context. */
  readonly lock: string;
  /** Settles when the log is open, or cannot be. */
  readonly opened: Promise<OpenHost>;
  readonly check: (frame: unknown) => { readonly frame: ClientFrame } | { readonly wrong: string };
  /** Throws what is wrong with what a rare call was given. */
  readonly checkAdmin: (name: string, given: readonly unknown[]) => void;
  readonly status: () => HostStatus;
  readonly defer: (task: () => void) => void;
  readonly onError: (error: BusError) => void;
  /** The client introduced itself; its lock shows when it is gone. */
  readonly onHello: (session: Session, hello: Hello) => void;
  /** The client is of a build that this host is too old for. */
  readonly onNewer: (why: string) => void;
  readonly onClose: (session: Session) => void;
}

type State =
  | { readonly name: 'greeting' }
  | { readonly name: 'opening'; readonly hello: Hello }
  | { readonly name: 'open'; readonly hello: Hello; readonly host: LogHost }
  | { readonly name: 'closed' };

function asBusError(error: unknown, what: string): BusError {
  return isBusError(error)
    ? error
    : busError('HOST_LOST', `${what}: ${describe(error)}`, { accepted: 'unknown', retryable: true, cause: error });
}

/** A reader of the host whose sink is at the other end of the link. */
class LinkSink implements Sink {
  readonly #reader: number;
  readonly #out: Outgoing<HostFrame>;

  constructor(reader: number, out: Outgoing<HostFrame>) {
    this.#reader = reader;
    this.#out = out;
  }

  started(positions: Positions): void {
    this.#out.add({ type: 'started', reader: this.#reader, positions });
  }

  block(block: StoredBlock): void {
    const { last } = this.#out;
    if (last?.type === 'block' && last.block === block)
      this.#out.replaceLast({ ...last, readers: [...last.readers, this.#reader] });
    else this.#out.add({ type: 'block', readers: [this.#reader], block });
  }

  ephemeral(block: Block): void {
    const { last } = this.#out;
    if (last?.type === 'cast' && last.block === block)
      this.#out.replaceLast({ ...last, readers: [...(last.readers ?? []), this.#reader] });
    else this.#out.add({ type: 'cast', readers: [this.#reader], block });
  }

  reset(reset: Reset): void {
    this.#out.add({ type: 'reset', reader: this.#reader, reset });
  }

  live(): void {
    this.#out.add({ type: 'live', reader: this.#reader });
  }

  positions(): Positions {
    return {};
  }

  lost(error: BusError): void {
    this.#out.add({ type: 'bye', error: toRecord(error) });
  }
}

export class Session {
  readonly #link: Link<HostFrame>;
  readonly #out: Outgoing<HostFrame>;
  readonly #options: SessionOptions;
  readonly #readers = new Map<number, Reader>();
  readonly #members = new Map<number, HostMembership>();
  readonly #watches = new Map<string, () => void>();
  #admin: Promise<Tunnel> | undefined;
  #unmourn: (() => void) | undefined;
  #state: State = { name: 'greeting' };

  constructor(link: Link<HostFrame>, options: SessionOptions) {
    this.#link = link;
    this.#options = options;
    this.#out = new Outgoing(link, options.defer);
    link.receive((frames) => this.#receive(frames));
    link.send([{ type: 'hi', lock: options.lock }]);
  }

  get clientId(): string | undefined {
    return this.hello?.clientId;
  }

  get hello(): Hello | undefined {
    return 'hello' in this.#state ? this.#state.hello : undefined;
  }

  status(status: HostStatus): void {
    if (this.#state.name === 'open') this.#out.add({ type: 'status', status });
  }

  /** Another host has the bus. */
  elsewhere(): void {
    if (this.#state.name === 'closed') return;
    this.#out.add({ type: 'bye', elsewhere: true });
    this.close();
  }

  /** The host ends; with an error for good, else the client looks for the next one. */
  bye(error?: BusError): void {
    if (this.#state.name === 'closed') return;
    this.#out.add({ type: 'bye', ...(error !== undefined && { error: toRecord(error) }) });
    this.close();
  }

  close(): void {
    if (this.#state.name === 'closed') return;
    this.#out.flush();
    if (this.#state.name === 'open') this.#state.host.away(this.#state.hello.clientId);
    this.#state = { name: 'closed' };
    for (const reader of this.#readers.values()) reader.close();
    this.#readers.clear();
    for (const member of this.#members.values()) member.detach();
    this.#members.clear();
    for (const stop of this.#watches.values()) stop();
    this.#unmourn?.();
    this.#link.close();
    this.#options.onClose(this);
  }

  #receive(frames: unknown): void {
    if (!Array.isArray(frames)) return this.#malformed('frames come in an array', frames);
    for (const value of frames as unknown[]) {
      const checked = this.#options.check(value);
      if ('wrong' in checked) this.#malformed(checked.wrong, value);
      else this.#take(checked.frame);
    }
  }

  #malformed(wrong: string, value: unknown): void {
    // What waits for an answer must have one, or its sender would wait for ever.
    const { type, n, call } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
    const kind = typeof type === 'string' ? `"${type.slice(0, 40)}"` : typeof (type ?? value);
    const error = busError('MALFORMED_FRAME', `A frame of type ${kind} was dropped (${wrong.slice(0, 200)}).`);
    if (type === 'push' && typeof n === 'number') this.#out.add({ type: 'refused', n, error: toRecord(error) });
    if (typeof call === 'number') this.#out.add({ type: 'failed', call, error: toRecord(error) });
    this.#options.onError(error);
  }

  #take(frame: ClientFrame): void {
    switch (this.#state.name) {
      case 'greeting':
        if (frame.type === 'hello') this.#hello(frame);
        break;
      case 'opening':
        // A client says nothing else before it is welcome.
        if (frame.type === 'ping') this.#out.add({ type: 'pong', n: frame.n });
        break;
      case 'open':
        this.#handle(frame, this.#state.host, this.#state.hello);
        break;
      case 'closed':
    }
  }

  #hello(hello: Hello): void {
    const version = Math.min(hello.max, versions.max);
    if (version < Math.max(hello.min, versions.min)) {
      const why = `The page speaks versions ${hello.min} to ${hello.max}, the host ${versions.min} to ${versions.max}.`;
      // Whoever is newer stays: a newer page waits until this host has given way.
      const isNewer = hello.min > versions.max;
      this.bye(busError('VERSION_MISMATCH', why, { retryable: isNewer }));
      if (isNewer) this.#options.onNewer(why);
      return;
    }
    this.#state = { name: 'opening', hello };
    this.#options.onHello(this, hello);
    this.#options.opened.then(
      ({ host, term }) => this.#welcome(version, host, term, hello),
      (error: unknown) => this.bye(asBusError(error, 'The log could not be opened')),
    );
  }

  #welcome(version: number, host: LogHost, term: number, hello: Hello): void {
    if (this.#state.name !== 'opening') return;
    this.#state = { name: 'open', hello, host };
    this.#unmourn = host.onDeadLetter((notice) => this.#out.add({ type: 'dead', ...notice }));
    this.#out.add({ type: 'welcome', version, storeId: host.log.storeId, term, status: this.#options.status() });
  }

  #handle(frame: ClientFrame, host: LogHost, hello: Hello): void {
    switch (frame.type) {
      case 'push':
        return this.#push(frame, host, hello.clientId);
      case 'will':
        return host.setWill(frame.will, hello.clientId);
      case 'cast':
        return host.cast(frame.block);
      case 'open':
        return this.#open(frame, host);
      case 'credit':
        return this.#readers.get(frame.reader)?.credit(frame.weight);
      case 'shut':
        this.#readers.get(frame.reader)?.close();
        return void this.#readers.delete(frame.reader);
      case 'join':
        return this.#join(frame, host, hello.clientId);
      case 'slots':
        return this.#members.get(frame.member)?.slots(frame.slots);
      case 'settle':
        return this.#settle(frame);
      case 'pass':
        return this.#members.get(frame.member)?.passOver(frame.channelId, frame.logId, frame.offsets);
      case 'leave':
        this.#members.get(frame.member)?.leave();
        return void this.#members.delete(frame.member);
      case 'present':
        return host.say(hello.clientId, frame.channelId, frame.userId, frame.presence);
      case 'watch':
        return this.#watch(frame, host);
      case 'extend':
      case 'page':
      case 'channels':
      case 'erase':
      case 'clear':
        return this.#ask(frame, host);
      case 'admin':
        this.#admin ??= host
          .admin()
          .then((admin) =>
            serveAdmin(admin, (data) => this.#out.add({ type: 'admin', data }), this.#options.checkAdmin),
          );
        return void this.#admin.then((tunnel) => tunnel.receive(frame.data));
      case 'ping':
        return this.#out.add({ type: 'pong', n: frame.n });
      case 'bye':
        return this.close();
      case 'hello':
    }
  }

  #push({ n, ack, block, will, fulfils }: PushFrame, host: LogHost, clientId: string): void {
    const testament = will === undefined && fulfils === undefined ? undefined : { will, fulfils };
    host.push(block, ack, testament, { clientId, n }).then(
      ({ logId, offset, known }) => this.#out.add({ type: 'stored', n, logId, offset, known }),
      (error: unknown) =>
        this.#out.add({ type: 'refused', n, error: toRecord(asBusError(error, 'The block was not stored')) }),
    );
  }

  #open({ reader, pattern, from, ephemeral }: OpenFrame, host: LogHost): void {
    this.#readers.get(reader)?.close();
    this.#readers.set(reader, host.open({ pattern, from, ephemeral }, new LinkSink(reader, this.#out)));
  }

  #join({ member, held, type: _type, ...request }: JoinFrame, host: LogHost, clientId: string): void {
    this.#members.get(member)?.detach();
    const sink: MemberSink = {
      joined: () => this.#out.add({ type: 'joined', member }),
      hand: (ref) => this.#out.add({ type: 'hand', member, ref }),
      lost: (ref) => this.#out.add({ type: 'lost', member, ref }),
      failed: (error) => this.bye(error),
    };
    this.#members.set(member, host.joinFor(clientId, member, request, sink, held));
  }

  #watch({ channelId, on }: WatchFrame, host: LogHost): void {
    this.#watches.get(channelId)?.();
    this.#watches.delete(channelId);
    if (!on) return;
    const store = host.presence(channelId);
    const tell = (): void => this.#out.add({ type: 'members', channelId, members: store.getSnapshot() });
    this.#watches.set(channelId, store.subscribe(tell));
    tell();
  }

  #settle({ member, ref, outcome }: SettleFrame): void {
    this.#members
      .get(member)
      ?.settle(ref, outcome)
      .then(
        () => this.#out.add({ type: 'settled', member, ref }),
        (error: unknown) =>
          this.#out.add({ type: 'settled', member, ref, error: toRecord(asBusError(error, 'It was not settled')) }),
      );
  }

  #ask(frame: AskFrame, host: LogHost): void {
    const { call } = frame;
    this.#answer(frame, host).then(
      (value) => this.#out.add({ type: 'answer', call, value }),
      (error: unknown) =>
        this.#out.add({ type: 'failed', call, error: toRecord(asBusError(error, 'The log could not be read')) }),
    );
  }

  async #answer(frame: AskFrame, host: LogHost): Promise<AnswerFrame['value']> {
    switch (frame.type) {
      case 'page':
        return host.page(frame.channelId, frame.after, frame.limit);
      case 'channels':
        return host.channels(frame.pattern);
      case 'erase':
        await host.erase(frame.channelId, frame.offset, frame.id, frame.author);
        break;
      case 'clear':
        await host.clear(frame.channelId, frame.upTo, frame.author);
        break;
      case 'extend':
        await this.#members.get(frame.member)?.extend(frame.ref, frame.ms);
    }
    return null;
  }
}
