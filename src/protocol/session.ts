// The host's side of one link: owns all that its client has here, and one `close` frees it.

import type { Block, StoredBlock } from '../core/block.ts';
import { busError, describe, isBusError, toRecord } from '../core/errors.ts';
import type { BusError } from '../core/errors.ts';
import type { Reader, Sink } from '../core/host.ts';
import type { Positions } from '../core/log.ts';
import type { LogHost } from '../core/log-host.ts';
import type { Reset } from '../core/message-bus.ts';
import { versions } from './frames.ts';
import type { AskFrame, ClientFrame, Hello, HostFrame, HostStatus, OpenFrame, PushFrame } from './frames.ts';
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
  readonly status: () => HostStatus;
  readonly defer: (task: () => void) => void;
  readonly onError: (error: BusError) => void;
  /** The client introduced itself; its lock shows when it is gone. */
  readonly onHello: (session: Session, hello: Hello) => void;
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
  #state: State = { name: 'greeting' };

  constructor(link: Link<HostFrame>, options: SessionOptions) {
    this.#link = link;
    this.#options = options;
    this.#out = new Outgoing(link, options.defer);
    link.receive((frames) => this.#receive(frames));
    link.send([{ type: 'hi', lock: options.lock }]);
  }

  get clientId(): string | undefined {
    return 'hello' in this.#state ? this.#state.hello.clientId : undefined;
  }

  status(status: HostStatus): void {
    if (this.#state.name === 'open') this.#out.add({ type: 'status', status });
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
    this.#state = { name: 'closed' };
    for (const reader of this.#readers.values()) reader.close();
    this.#readers.clear();
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
    // A push that cannot be read must be answered, or its sender would wait for ever.
    const { type, n } = (typeof value === 'object' && value !== null ? value : {}) as { type?: unknown; n?: unknown };
    const kind = typeof type === 'string' ? `"${type.slice(0, 40)}"` : typeof (type ?? value);
    const error = busError('MALFORMED_FRAME', `A frame of type ${kind} was dropped (${wrong.slice(0, 200)}).`);
    if (type === 'push' && typeof n === 'number') this.#out.add({ type: 'refused', n, error: toRecord(error) });
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
      return this.bye(
        busError(
          'VERSION_MISMATCH',
          `The page speaks versions ${hello.min} to ${hello.max}, the host ${versions.min} to ${versions.max}.`,
        ),
      );
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
    this.#out.add({ type: 'welcome', version, storeId: host.log.storeId, term, status: this.#options.status() });
  }

  #handle(frame: ClientFrame, host: LogHost, hello: Hello): void {
    switch (frame.type) {
      case 'push':
        return this.#push(frame, host, hello.clientId);
      case 'cast':
        return host.cast(frame.block);
      case 'open':
        return this.#open(frame, host);
      case 'credit':
        return this.#readers.get(frame.reader)?.credit(frame.weight);
      case 'shut':
        this.#readers.get(frame.reader)?.close();
        return void this.#readers.delete(frame.reader);
      case 'page':
      case 'channels':
        return this.#ask(frame, host);
      case 'ping':
        return this.#out.add({ type: 'pong', n: frame.n });
      case 'bye':
        return this.close();
      case 'hello':
    }
  }

  #push({ n, ack, block }: PushFrame, host: LogHost, clientId: string): void {
    host.push(block, ack, { clientId, n }).then(
      ({ logId, offset, known }) => this.#out.add({ type: 'stored', n, logId, offset, known }),
      (error: unknown) =>
        this.#out.add({ type: 'refused', n, error: toRecord(asBusError(error, 'The block was not stored')) }),
    );
  }

  #open({ reader, pattern, from, ephemeral }: OpenFrame, host: LogHost): void {
    this.#readers.get(reader)?.close();
    this.#readers.set(reader, host.open({ pattern, from, ephemeral }, new LinkSink(reader, this.#out)));
  }

  #ask(frame: AskFrame, host: LogHost): void {
    const { call } = frame;
    const answer =
      frame.type === 'page' ? host.page(frame.channelId, frame.after, frame.limit) : host.channels(frame.pattern);
    answer.then(
      (value) => this.#out.add({ type: 'answer', call, value }),
      (error: unknown) =>
        this.#out.add({ type: 'failed', call, error: toRecord(asBusError(error, 'The log could not be read')) }),
    );
  }
}
