// The browser's debugging protocol over a pipe, as far as faults need it. A driver's own browser process is the only one that
// it may kill, and nothing is attached to a worker: watched by a debugger, workers do not die as others do.

import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export interface Message {
  readonly method: string;
  readonly params: { readonly [name: string]: unknown };
  readonly sessionId?: string;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** Longer than anything that a fault makes wait. */
const patience = 20_000;

interface Waiting {
  readonly sessionId: string | undefined;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Devtools {
  readonly #out: Writable;
  readonly #waiting = new Map<number, Waiting>();
  readonly #heard: (message: Message) => void;
  #calls = 0;
  #rest: Buffer[] = [];
  #ended = false;

  /** The process must have been started with its pipes at 3 and 4. */
  constructor(process: ChildProcess, heard: (message: Message) => void) {
    this.#out = process.stdio[3] as Writable;
    this.#heard = heard;
    this.#out.on('error', () => this.#end());
    const input = process.stdio[4] as Readable;
    input.on('data', (chunk: Buffer) => this.#read(chunk));
    input.on('close', () => this.#end());
    process.on('exit', () => this.#end());
  }

  /** Rejects if the browser refuses or is gone. A page that hangs answers when it is awake again. */
  send<T = unknown>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    if (this.#ended) return Promise.reject(new Error(`${method}: the browser is gone`));
    const id = ++this.#calls;
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => this.#reject(id, 'there is no answer'), patience);
      this.#waiting.set(id, {
        sessionId,
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value as T);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(new Error(`${method}: ${error.message}`));
        },
      });
      this.#out.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  #read(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, from)) {
      this.#rest.push(chunk.subarray(from, end));
      from = end + 1;
      this.#take(JSON.parse(Buffer.concat(this.#rest).toString()) as Message | Answer);
      this.#rest = [];
    }
    this.#rest.push(chunk.subarray(from));
  }

  #take(message: Message | Answer): void {
    if ('method' in message) {
      // A target that is gone answers nothing any more.
      if (message.method === 'Target.detachedFromTarget') this.#gone(message.params['sessionId'] as string);
      return this.#heard(message);
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error === undefined) waiting?.resolve(message.result);
    else waiting?.reject(new Error(message.error.message));
  }

  #gone(sessionId: string): void {
    for (const [id, waiting] of this.#waiting)
      if (waiting.sessionId === sessionId) this.#reject(id, 'the session is gone');
  }

  #reject(id: number, why: string): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.reject(new Error(why));
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const id of this.#waiting.keys()) this.#reject(id, 'the browser is gone');
  }
}
