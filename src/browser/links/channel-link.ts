// A BroadcastChannel as a link, a channel for each: it reaches every context of the origin. What is said carries the name of
// the host's lock, because a host that slept through its succession may wake and speak, too.

import type { ClientFrame, Frame, HostFrame } from '../../protocol/frames.ts';
import type { Link } from '../../protocol/link.ts';

interface Envelope {
  readonly from?: string;
  readonly to?: string;
  readonly frames?: unknown;
}

/** How one side puts frames into the channel; what is not for it is not heard. */
interface Side<Out extends Frame> {
  readonly wrap: (frames: readonly Out[]) => Envelope;
  readonly isFor: (envelope: Envelope) => boolean;
}

function link<Out extends Frame>(channel: BroadcastChannel, { wrap, isFor }: Side<Out>): Link<Out> {
  let open = true;
  return {
    send: (frames) => {
      if (open) channel.postMessage(wrap(frames));
    },
    receive(listener) {
      channel.addEventListener('message', ({ data }: MessageEvent<Envelope | null>) => {
        if (open && data !== null && typeof data === 'object' && isFor(data)) listener(data.frames);
      });
    },
    close() {
      open = false;
      channel.close();
    },
  };
}

/** The host's end of a channel that somebody knocked with. */
export function answeringLink(name: string, lock: string): Link<HostFrame> {
  return link(new BroadcastChannel(name), {
    wrap: (frames) => ({ from: lock, frames }),
    isFor: ({ to }) => to === lock,
  });
}

/** The client's end: what it says waits until a host has answered, and is then for this host alone. */
export function knockingLink(name: string): Link<ClientFrame> {
  const channel = new BroadcastChannel(name);
  const waiting: ClientFrame[] = [];
  let host: string | undefined;
  const ends = link<ClientFrame>(channel, {
    wrap: (frames) => ({ ...(host !== undefined && { to: host }), frames }),
    isFor: ({ from }) => {
      if (host !== undefined || from === undefined) return from === host;
      host = from;
      if (waiting.length > 0) ends.send(waiting.splice(0));
      return true;
    },
  });
  return { ...ends, send: (frames) => (host === undefined ? void waiting.push(...frames) : ends.send(frames)) };
}
