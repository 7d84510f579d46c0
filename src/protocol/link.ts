// One pipe between a client and a host. It keeps order; it may die without saying so. Its executable form is `testLink`.

import type { Frame } from './frames.ts';

export interface Link<Out extends Frame = Frame> {
  /** Sends frames, in order, as one piece. On a dead link it does nothing. */
  send(frames: readonly Out[]): void;
  /** Sets the one listener. What comes is whatever the other side sent: it may be anything. */
  receive(listener: (frames: unknown) => void): void;
  /** Lets go of the pipe; nothing is received afterwards. */
  close(): void;
}

/** Collects what is said in one turn and sends it as one piece. */
export class Outgoing<Out extends Frame> {
  readonly #link: Link<Out>;
  readonly #defer: (task: () => void) => void;
  #frames: Out[] = [];

  constructor(link: Link<Out>, defer: (task: () => void) => void) {
    this.#link = link;
    this.#defer = defer;
  }

  /** The frame that was queued last in this turn. */
  get last(): Out | undefined {
    return this.#frames.at(-1);
  }

  replaceLast(frame: Out): void {
    this.#frames[this.#frames.length - 1] = frame;
  }

  add(frame: Out): void {
    this.#frames.push(frame);
    if (this.#frames.length === 1) this.#defer(() => this.flush());
  }

  flush(): void {
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    this.#link.send(frames);
  }
}
