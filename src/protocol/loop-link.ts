// A link inside one context: what the page uses when it is its own host, and tests use instead of a port.

import type { ClientFrame, Frame, HostFrame } from './frames.ts';
import type { Link } from './link.ts';

class LoopEnd<Out extends Frame> implements Link<Out> {
  other: LoopEnd<Frame> | undefined;
  readonly #waiting: unknown[] = [];
  #listener: ((frames: unknown) => void) | undefined;

  send(frames: readonly Out[]): void {
    const { other } = this;
    // The copy of the array is all that a port's structured clone would change here: blocks are never modified.
    if (other !== undefined) void Promise.resolve([...frames]).then((copy) => other.#take(copy));
  }

  receive(listener: (frames: unknown) => void): void {
    this.#listener = listener;
    for (const frames of this.#waiting.splice(0)) listener(frames);
  }

  close(): void {
    if (this.other !== undefined) this.other.other = undefined;
    this.other = undefined;
    this.#listener = undefined;
  }

  #take(frames: unknown): void {
    if (this.#listener === undefined) this.#waiting.push(frames);
    else this.#listener(frames);
  }
}

export function loopLink(): { client: Link<ClientFrame>; host: Link<HostFrame> } {
  const client = new LoopEnd<ClientFrame>();
  const host = new LoopEnd<HostFrame>();
  client.other = host;
  host.other = client;
  return { client, host };
}
