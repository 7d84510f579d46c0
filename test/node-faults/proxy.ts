// The way from one process to a server, which can be broken: cut, slowed down, or such that what is asked arrives there and
// what is answered does not come back.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** One direction of one connection: in order, whatever each piece waits for. */
class Direction {
  readonly #to: Socket;
  readonly #queue: { readonly at: number; readonly bytes: Buffer }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(to: Socket) {
    this.#to = to;
  }

  pass(bytes: Buffer, delay: number): void {
    if (delay === 0 && this.#queue.length === 0) return void this.#to.write(bytes);
    this.#queue.push({ at: performance.now() + delay, bytes });
    this.#wait();
  }

  #wait(): void {
    const [next] = this.#queue;
    if (next === undefined || this.#timer !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#queue.shift();
        this.#to.write(next.bytes);
        this.#wait();
      },
      Math.max(0, next.at - performance.now()),
    );
  }
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** No answer comes back on it any more. */
  isDeaf: boolean;
}

export class Proxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #isCut = false;
  #delay = 0;
  #deafens = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    server.on('connection', (client) => this.#connected(client, port));
  }

  /** To a port of this machine. */
  static async open(port: number): Promise<Proxy> {
    const server = createServer();
    const proxy = new Proxy(server, port);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** All connections break, and new ones too, until it is mended. */
  cut(): void {
    this.#isCut = true;
    this.#breakAll();
  }

  /** Every piece takes so many milliseconds more, in both directions. */
  slow(ms: number): void {
    this.#delay = ms;
  }

  /** What is asked on the connections that there are arrives, and no answer comes back, for as long as they last. */
  swallow(): void {
    for (const pair of this.#pairs) pair.isDeaf = true;
  }

  /** The same, also on connections that are made from now on. */
  deafen(): void {
    this.#deafens = true;
    this.swallow();
  }

  /** As it was, but for connections on which answers are missing: they break now, or stay as they are. */
  mend(how: 'break' | 'leave'): void {
    this.#isCut = false;
    this.#delay = 0;
    this.#deafens = false;
    if (how === 'break') for (const pair of this.#pairs) if (pair.isDeaf) this.#break(pair);
  }

  async close(): Promise<void> {
    this.#breakAll();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #connected(client: Socket, port: number): void {
    if (this.#isCut) return void client.destroy();
    const server = connect(port, '127.0.0.1');
    const pair: Pair = { client, server, isDeaf: this.#deafens };
    this.#pairs.add(pair);
    const [there, back] = [new Direction(server), new Direction(client)];
    client.on('data', (bytes: Buffer) => there.pass(bytes, this.#delay));
    server.on('data', (bytes: Buffer) => {
      if (!pair.isDeaf) back.pass(bytes, this.#delay);
    });
    for (const socket of [client, server]) {
      socket.on('error', () => undefined);
      socket.on('close', () => this.#break(pair));
    }
  }

  #breakAll(): void {
    for (const pair of this.#pairs) this.#break(pair);
  }

  #break(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  }
}
