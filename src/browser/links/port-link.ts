// A MessagePort as a link: one hop, one structured clone.

import type { Frame } from '../../protocol/frames.ts';
import type { Link } from '../../protocol/link.ts';

/** The few methods of a port that a link needs; Node's ports and the browser's both have them. */
export interface Port {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  start(): void;
  close(): void;
}

export function portLink<Out extends Frame>(port: Port): Link<Out> {
  let open = true;
  return {
    send: (frames) => {
      if (open) port.postMessage(frames);
    },
    receive(listener) {
      port.addEventListener('message', ({ data }) => {
        if (open) listener(data);
      });
      port.start();
    },
    close() {
      open = false;
      port.close();
    },
  };
}
