// The client's side of a link: a `Host` that outlives its hosts. It keeps what is unacknowledged and every reader's position,
// and gives them to the next host in the order that makes nothing lost, doubled or reordered.

import type { Ack } from '../core/batch.ts';
import type { Block } from '../core/block.ts';
import { busError, fromRecord, toRecord } from '../core/errors.ts';
import type { BusError } from '../core/errors.ts';
import { Events } from '../core/events.ts';
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
} from '../core/host.ts';
import type { HostAdmin } from '../core/host-admin.ts';
import type { Page, Position } from '../core/log.ts';
import type { BusStatus, ChannelInfo, Member } from '../core/message-bus.ts';
import { randomName } from '../core/platform.ts';
import type { Platform } from '../core/platform.ts';
import type { Presence } from '../core/presence.ts';
import { Cell } from '../core/store.ts';
import type { Store } from '../core/store.ts';
import type { Will } from '../core/will.ts';
import type { Testament } from '../core/wills.ts';
import { versions } from './frames.ts';
import type { AskFrame, ClientFrame, Hello, HostFrame, HostStatus, PushFrame, Welcome } from './frames.ts';
import { Outgoing } from './link.ts';
import type { Link } from './link.ts';
import type { RemoteAdmin } from './remote-admin.ts';
import { RemoteMembers } from './remote-members.ts';
import { RemotePresence } from './remote-presence.ts';

/** Whoever finds hosts and makes links to them. */
export interface Connector {
  /** Called once, at the first use. It calls `attach` with every link it makes, and sets `watcher` to hear how it goes. */
  start(client: RemoteHost): void;
  close(): void;
}

/** What a connector may want to hear. */
export interface LinkWatcher {
  /** The host said hello: its lock shows when it is gone. */
  greeted?(lock: string): void;
  /** The log is open on the link. */
  welcomed?(): void;
  /** Something was asked of the host: an answer is due. */
  expecting?(): void;
  pong?(n: number): void;
  /** The host said bye: find the next. */
  left?(): void;
  /** Another host has the bus already. */
  elsewhere?(): void;
  /** Why it is not the best kind of host; said before what the host says of itself. */
  readonly because?: string;
}

/** Credit goes back in steps of this: far less than a window, and far more than a block. */
const creditStep = 1024;

interface Pushed {
  readonly block: Block;
  readonly ack: Ack;
  readonly testament: Testament | undefined;
  resolve(receipt: Receipt): void;
  reject(error: BusError): void;
}

interface OpenReader {
  readonly request: ReadRequest;
  readonly sink: Sink;
  started: boolean;
  /** Credit that has not been returned yet. */
  owed: number;
}

interface Call {
  readonly frame: AskFrame;
  resolve(value: never): void;
  reject(error: BusError): void;
}

type Ask = Distribute<AskFrame>;
type Distribute<T> = T extends AskFrame ? Omit<T, 'call'> : never;

type State =
  | { readonly name: 'idle' }
  | { readonly name: 'connecting' }
  | { readonly name: 'greeting' | 'open'; readonly link: Link<ClientFrame>; readonly out: Outgoing<ClientFrame> }
  | { readonly name: 'closed'; readonly error: BusError };

export interface Opened {
  readonly host: BusStatus['host'];
  readonly storeId: string;
  readonly term: number;
}

const connecting: BusStatus = {
  host: 'connecting',
  why: 'The bus is looking for its host.',
  tabs: 1,
  durability: 'memory',
  outbox: 0,
  sync: 'off',
};

function pushFrame(n: number, { ack, block, testament: { will, fulfils } = {} }: Pushed): PushFrame {
  return {
    type: 'push',
    n,
    ack,
    block,
    ...(will !== undefined && { will }),
    ...(fulfils !== undefined && { fulfils }),
  };
}

export class RemoteHost implements Host {
  readonly encoded: boolean = true;
  readonly events: Events = new Events();
  readonly status: Cell<BusStatus> = new Cell(connecting);
  /** Settles with the first welcome. */
  readonly opened: Promise<Opened>;
  readonly clientId: string;
  watcher: LinkWatcher = {};
  readonly #connector: Connector;
  readonly #platform: Platform;
  readonly #wishes: Pick<Hello, 'retention'>;
  readonly #pushed = new Map<number, Pushed>();
  readonly #readers = new Map<number, OpenReader>();
  readonly #calls = new Map<number, Call>();
  readonly #members = new RemoteMembers((frame) => this.#say(frame));
  readonly #presence = new RemotePresence((frame) => this.#say(frame));
  #admin: RemoteAdmin | undefined;
  readonly #mourners = new Set<(notice: DeadNotice) => void>();
  #state: State = { name: 'idle' };
  #pushes = 0;
  #links = 0;
  #ids = 0;
  #from = 'none';
  #isOpen!: (opened: Opened) => void;
  #isLost!: (error: BusError) => void;

  constructor(connector: Connector, platform: Platform, wishes: Pick<Hello, 'retention'> = {}) {
    this.#wishes = wishes;
    this.#connector = connector;
    this.#platform = platform;
    this.clientId = randomName(platform);
    this.opened = new Promise((resolve, reject) => {
      this.#isOpen = resolve;
      this.#isLost = reject;
    });
    this.opened.catch(() => undefined);
  }

  /** Whether something was asked of the host that it has not answered. */
  get waiting(): boolean {
    return this.#pushed.size > 0 || this.#calls.size > 0 || this.#members.waiting || this.#admin?.waiting === true;
  }

  /** Connects, unless it has. */
  start(): void {
    if (this.#state.name !== 'idle') return;
    this.#state = { name: 'connecting' };
    this.#connector.start(this);
  }

  push(block: Block, ack: Ack, testament?: Testament): Promise<Receipt> {
    return this.#ifOpen(() => {
      const n = ++this.#pushes;
      return new Promise((resolve, reject) => {
        const pushed = { block, ack, testament, resolve, reject };
        this.#pushed.set(n, pushed);
        this.#say(pushFrame(n, pushed));
        this.watcher.expecting?.();
      });
    });
  }

  setWill(will: Will): void {
    this.#say({ type: 'will', will });
  }

  cast(block: Block): void {
    this.start();
    this.#say({ type: 'cast', block });
  }

  open(request: ReadRequest, sink: Sink): Reader {
    this.start();
    const reader = ++this.#ids;
    if (this.#state.name === 'closed') {
      const { error } = this.#state;
      this.#platform.defer(() => sink.lost(error));
    } else {
      this.#readers.set(reader, { request, sink, started: false, owed: 0 });
      this.#say({ type: 'open', reader, ...request });
    }
    return {
      credit: (weight) => this.#credit(reader, weight),
      close: () => {
        if (this.#readers.delete(reader)) this.#say({ type: 'shut', reader });
      },
    };
  }

  join(request: JoinRequest, sink: MemberSink): Membership {
    this.start();
    if (this.#state.name === 'closed') {
      const { error } = this.#state;
      this.#platform.defer(() => sink.failed(error));
    }
    return this.#members.join(request, sink, (member, ref, ms) => this.#ask({ type: 'extend', member, ref, ms }));
  }

  async admin(): Promise<HostAdmin> {
    this.start();
    this.#checkOpen();
    const { RemoteAdmin } = await import('./remote-admin.ts');
    this.#checkOpen();
    if (this.#admin === undefined) {
      const send = (data: unknown): void => this.#say({ type: 'admin', data });
      this.#admin = new RemoteAdmin(send, this.#platform);
      if (this.#state.name === 'open') this.#admin.resume();
    }
    return this.#admin.calls;
  }

  presence(channelId: string): Store<readonly Member[]> {
    this.start();
    return this.#presence.members(channelId);
  }

  setPresence(channelId: string, userId: string, presence: Presence): void {
    this.start();
    this.#presence.say(channelId, userId, presence);
  }

  onDeadLetter(listener: (notice: DeadNotice) => void): () => void {
    this.#mourners.add(listener);
    return () => void this.#mourners.delete(listener);
  }

  page(channelId: string, after: number, limit: number): Promise<Page> {
    return this.#ask({ type: 'page', channelId, after, limit });
  }

  channels(pattern: string): Promise<readonly ChannelInfo[]> {
    return this.#ask({ type: 'channels', pattern });
  }

  async erase(channelId: string, offset: number, id: string, author: string): Promise<void> {
    await this.#ask({ type: 'erase', channelId, offset, id, author });
  }

  async clear(channelId: string, upTo: Position, author: string): Promise<void> {
    await this.#ask({ type: 'clear', channelId, upTo, author });
  }

  close(): Promise<void> {
    this.#say({ type: 'bye', gone: true });
    if ('out' in this.#state) this.#state.out.flush();
    this.fail(busError('CLOSED', 'The bus is closed.', { accepted: 'unknown' }));
    return Promise.resolve();
  }

  /** Greets a host over a new link; whatever link there was is let go. */
  attach(link: Link<ClientFrame>, lock: string): void {
    if (this.#state.name === 'closed') return link.close();
    this.#drop();
    const out = new Outgoing(link, (task) => this.#platform.defer(task));
    this.#state = { name: 'greeting', link, out };
    link.receive((frames) => {
      if ('link' in this.#state && this.#state.link === link) this.#receive(frames);
    });
    this.#links += 1;
    link.send([{ type: 'hello', ...versions, clientId: this.clientId, link: this.#links, lock, ...this.#wishes }]);
  }

  /** The host is gone or does not answer: nothing is sent until the next `attach`. */
  detach(why: string): void {
    if (this.#state.name === 'closed') return;
    this.#say({ type: 'bye' });
    this.#drop();
    this.status.set({ ...this.status.getSnapshot(), host: 'connecting', why });
  }

  ping(n: number): void {
    if ('out' in this.#state) this.#state.out.add({ type: 'ping', n });
  }

  /** Ends for good: whoever waits is told. */
  fail(error: BusError): void {
    if (this.#state.name === 'closed') return;
    this.#drop();
    this.#state = { name: 'closed', error };
    this.#connector.close();
    this.#isLost(error);
    const inDoubt = fromRecord({ ...toRecord(error), accepted: 'unknown' });
    for (const pushed of this.#pushed.values()) pushed.reject(inDoubt);
    for (const call of this.#calls.values()) call.reject(error);
    for (const { sink } of this.#readers.values()) sink.lost(error);
    this.#members.fail(error);
    this.#admin?.fail(error);
    this.#pushed.clear();
    this.#calls.clear();
    this.#readers.clear();
    this.status.set({
      ...this.status.getSnapshot(),
      host: 'closed',
      why: error.message,
      ...(error.code !== 'CLOSED' && { problem: error }),
    });
  }

  /** Something is wrong, but the bus goes on. */
  report(problem: BusError): void {
    this.status.set({ ...this.status.getSnapshot(), problem });
    this.events.emit('error', problem);
  }

  #checkOpen(): void {
    if (this.#state.name === 'closed') throw this.#state.error;
  }

  #ifOpen<T>(action: () => Promise<T>): Promise<T> {
    this.start();
    return this.#state.name === 'closed' ? Promise.reject(this.#state.error) : action();
  }

  /** Said now if the host is there; else it is said again, from what is kept, when the next one welcomes us. */
  #say(frame: ClientFrame): void {
    if (this.#state.name === 'open') this.#state.out.add(frame);
  }

  #drop(): void {
    if (!('link' in this.#state)) return;
    this.#state.out.flush();
    this.#state.link.close();
    this.#state = { name: 'connecting' };
  }

  #credit(reader: number, weight: number): void {
    const open = this.#readers.get(reader);
    if (open === undefined) return;
    open.owed += weight;
    if (open.owed < creditStep) return;
    this.#say({ type: 'credit', reader, weight: open.owed });
    open.owed = 0;
  }

  #ask<T>(what: Ask): Promise<T> {
    return this.#ifOpen(() => {
      const frame: AskFrame = { call: ++this.#ids, ...what };
      return new Promise((resolve, reject) => {
        this.#calls.set(frame.call, { frame, resolve, reject });
        this.#say(frame);
        this.watcher.expecting?.();
      });
    });
  }

  #receive(frames: unknown): void {
    if (!Array.isArray(frames)) return this.#malformed(frames);
    for (const frame of frames as HostFrame[]) {
      try {
        this.#take(frame);
      } catch (error) {
        this.#malformed(frame, error);
      }
    }
  }

  #malformed(value: unknown, cause?: unknown): void {
    this.events.emit(
      'error',
      busError('MALFORMED_FRAME', `What came from the host is no frame (${typeof value}).`, { cause }),
    );
  }

  #take(frame: HostFrame): void {
    switch (frame.type) {
      case 'hi':
        return this.watcher.greeted?.(frame.lock);
      case 'welcome':
        return this.#welcome(frame);
      case 'stored': {
        const { logId, offset, known } = frame;
        this.#pushed.get(frame.n)?.resolve({ logId, offset, known });
        return void this.#pushed.delete(frame.n);
      }
      case 'refused':
        this.#pushed.get(frame.n)?.reject(fromRecord(frame.error));
        return void this.#pushed.delete(frame.n);
      case 'block':
        for (const reader of frame.readers) this.#readers.get(reader)?.sink.block(frame.block);
        return;
      case 'cast':
        for (const reader of frame.readers ?? []) this.#readers.get(reader)?.sink.ephemeral(frame.block);
        return;
      case 'started':
        return this.#started(frame.reader, frame.positions);
      case 'reset':
        return this.#readers.get(frame.reader)?.sink.reset(frame.reset);
      case 'live':
        return this.#readers.get(frame.reader)?.sink.live();
      case 'joined':
      case 'hand':
      case 'lost':
      case 'settled':
        return this.#members.take(frame);
      case 'admin':
        return this.#admin?.receive(frame.data);
      case 'members':
        return this.#presence.told(frame.channelId, frame.members);
      case 'dead':
        for (const told of this.#mourners) told(frame);
        return;
      case 'answer':
        this.#calls.get(frame.call)?.resolve(frame.value as never);
        return void this.#calls.delete(frame.call);
      case 'failed':
        this.#calls.get(frame.call)?.reject(fromRecord(frame.error));
        return void this.#calls.delete(frame.call);
      case 'pong':
        return this.watcher.pong?.(frame.n);
      case 'status':
        return this.#told(frame.status);
      case 'bye':
        if (frame.elsewhere === true) return this.watcher.elsewhere?.();
        return this.#bye(frame.error === undefined ? undefined : fromRecord(frame.error));
      default:
        return this.#malformed(frame);
    }
  }

  #started(reader: number, positions: Parameters<Sink['started']>[0]): void {
    const open = this.#readers.get(reader);
    if (open === undefined) return;
    open.started = true;
    open.sink.started(positions);
  }

  #welcome({ storeId, term, status }: Welcome): void {
    if (this.#state.name !== 'greeting') return;
    const { link, out } = this.#state;
    this.#told(status);
    this.#state = { name: 'open', link, out };
    // A new reader begins where it was asked to; one that had begun goes on from its position.
    for (const [reader, open] of this.#readers) {
      const { request, sink, started } = open;
      open.owed = 0;
      out.add({ type: 'open', reader, ...request, from: started ? sink.positions() : request.from });
    }
    // Members come before what is pushed: it is for them, too.
    this.#members.resume();
    for (const [n, pushed] of this.#pushed) out.add(pushFrame(n, pushed));
    this.#presence.resume();
    this.#admin?.resume();
    for (const { frame } of this.#calls.values()) out.add(frame);
    this.watcher.welcomed?.();
    this.#isOpen({ host: status.host, storeId, term });
    const to = `${status.host}:${term}`;
    this.events.emit('host', { from: this.#from, to, term });
    this.#from = to;
  }

  #told({ problem, ...status }: HostStatus): void {
    const { problem: _before, ...now } = this.status.getSnapshot();
    const why = [this.watcher.because, status.why].filter(Boolean).join(' ');
    this.status.set({ ...now, ...status, why, ...(problem !== undefined && { problem: fromRecord(problem) }) });
  }

  #bye(error: BusError | undefined): void {
    if (error?.retryable === true) this.report(error);
    if (error === undefined || error.retryable) return this.watcher.left?.();
    if (error.code === 'VERSION_MISMATCH' || error.code === 'STORAGE_NEWER')
      this.events.emit('reload', { why: error.message });
    this.fail(error);
  }
}
