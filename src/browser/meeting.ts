// Where tabs and hosts of one bus find each other, whatever kind of context they are: one BroadcastChannel that all listen
// to. Only few words are said here; whoever found a host goes on with it on a channel of their own.

import { randomName, systemPlatform } from '../core/platform.ts';

export type Notice =
  /** Somebody looks for the host, and listens on this channel. */
  | { readonly type: 'knock'; readonly channel: string }
  /** A host has taken its seat. */
  | { readonly type: 'here' }
  /** A worker that hangs was left behind. */
  | { readonly type: 'raised' };

/** A channel for two. */
export function linkName(bus: string): string {
  return `busline:${bus}:${randomName(systemPlatform)}`;
}

const words: readonly unknown[] = ['knock', 'here', 'raised'];

export class Meeting {
  readonly #channel: BroadcastChannel;

  constructor(bus: string, heard: (notice: Notice) => void) {
    this.#channel = new BroadcastChannel(`busline:${bus}`);
    this.#channel.addEventListener('message', ({ data }: MessageEvent<Partial<Notice> | null>) => {
      // Any script of the origin may say anything here.
      if (words.includes(data?.type)) heard(data as Notice);
    });
  }

  say(notice: Notice): void {
    this.#channel.postMessage(notice);
  }

  close(): void {
    this.#channel.close();
  }
}
