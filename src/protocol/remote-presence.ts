// Presence, as a client says and sees it, over hosts that come and go.

import type { Member } from '../core/message-bus.ts';
import type { Presence } from '../core/presence.ts';
import { Watched } from '../core/store.ts';
import type { Store } from '../core/store.ts';
import type { ClientFrame, PresentFrame } from './frames.ts';

/** Members of one channel; they are told only while somebody watches. */
class RemoteMembersOf extends Watched<readonly Member[]> {
  readonly #watch: (on: boolean) => void;

  constructor(watch: (on: boolean) => void) {
    super([]);
    this.#watch = watch;
  }

  override readonly subscribe = (listener: () => void): (() => void) => {
    if (!this.isWatched) this.#watch(true);
    const stop = this.listen(listener);
    return () => {
      if (!this.isWatched) return;
      stop();
      if (this.isWatched) return;
      this.#watch(false);
      // What nobody is told of is not known.
      this.set([]);
    };
  };
}

export class RemotePresence {
  readonly #say: (frame: ClientFrame) => void;
  readonly #own = new Map<string, PresentFrame>();
  readonly #channels = new Map<string, RemoteMembersOf>();

  constructor(say: (frame: ClientFrame) => void) {
    this.#say = say;
  }

  say(channelId: string, userId: string, presence: Presence): void {
    const frame: PresentFrame = { type: 'present', channelId, userId, presence };
    const key = `${userId}\u0000${channelId}`;
    if (presence === null) this.#own.delete(key);
    else this.#own.set(key, frame);
    this.#say(frame);
  }

  members(channelId: string): Store<readonly Member[]> {
    let members = this.#channels.get(channelId);
    if (members === undefined) {
      members = new RemoteMembersOf((on) => this.#say({ type: 'watch', channelId, on }));
      this.#channels.set(channelId, members);
    }
    return members;
  }

  told(channelId: string, members: readonly Member[]): void {
    this.#channels.get(channelId)?.set(members);
  }

  /** All of it again, to a host that is new. */
  resume(): void {
    for (const frame of this.#own.values()) this.#say(frame);
    for (const [channelId, members] of this.#channels)
      if (members.isWatched) this.#say({ type: 'watch', channelId, on: true });
  }
}
