// A link to a service worker. What a client says goes by `postMessage`, which starts a worker that the browser has stopped;
// what it hears comes on its channel. A worker that was started anew knows no channel: it listens to those who say hello.

import type { ClientFrame, HostFrame } from '../../protocol/frames.ts';
import type { Link } from '../../protocol/link.ts';

export interface Told {
  readonly busline: string;
  readonly frames: readonly ClientFrame[];
}

/** The client's end. */
export function wakingLink(name: string, tell: (told: Told) => void): Link<ClientFrame> {
  const channel = new BroadcastChannel(name);
  let open = true;
  return {
    send: (frames) => {
      if (open) tell({ busline: name, frames });
    },
    receive(listener) {
      channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
        if (open) listener(data);
      });
    },
    close() {
      open = false;
      channel.close();
    },
  };
}

/** The worker's end of all such links: `accept` gets one for each client that says hello. */
export class AwakenedLinks {
  readonly #accept: (link: Link<HostFrame>) => void;
  readonly #listeners = new Map<string, (frames: unknown) => void>();

  constructor(accept: (link: Link<HostFrame>) => void) {
    this.#accept = accept;
  }

  /** Something was said to the worker, by whomever. */
  heard(data: unknown): void {
    const { busline: name, frames } = (typeof data === 'object' && data !== null ? data : {}) as Partial<Told>;
    if (typeof name !== 'string' || !Array.isArray(frames)) return;
    if (!this.#listeners.has(name) && (frames as readonly Partial<ClientFrame>[])[0]?.type === 'hello')
      this.#open(name);
    this.#listeners.get(name)?.(frames);
  }

  #open(name: string): void {
    const channel = new BroadcastChannel(name);
    let listener: ((frames: unknown) => void) | undefined;
    const waiting: unknown[] = [];
    this.#listeners.set(name, (frames) => {
      if (listener === undefined) waiting.push(frames);
      else listener(frames);
    });
    this.#accept({
      send: (frames) => {
        if (this.#listeners.has(name)) channel.postMessage(frames);
      },
      receive(heard) {
        listener = heard;
        for (const frames of waiting.splice(0)) heard(frames);
      },
      close: () => {
        this.#listeners.delete(name);
        channel.close();
      },
    });
  }
}
