// How many records the rooms hold: asked of the log, again after every burst of what changes it, never twice at once.

import type { MessageBus } from 'busline';
import { Observable } from './observable.ts';
import type { OpenStreams } from './open-streams.ts';
import { roomPattern } from './rooms.ts';

export class StoredCount extends Observable<number | undefined> {
  readonly #bus: MessageBus;
  #asking = false;
  #stale = false;

  constructor(bus: MessageBus, streams: OpenStreams) {
    super(undefined);
    this.#bus = bus;
    bus.subscribe(roomPattern, () => this.#ask(), { onReset: () => this.#ask() });
    for (const event of ['host', 'message_deleted', 'channel_cleared'] as const) bus.on(event, () => this.#ask());
    // Beginnings and ends of answers are records, too.
    streams.subscribe(() => this.#ask());
    this.#ask();
  }

  #ask(): void {
    this.#stale = this.#asking;
    if (this.#asking) return;
    this.#asking = true;
    this.#count()
      .catch(() => undefined)
      .finally(() => {
        this.#asking = false;
        if (this.#stale) this.#ask();
      });
  }

  async #count(): Promise<void> {
    const channels = await this.#bus.admin.channels(roomPattern);
    this.set(channels.reduce((sum, { first, head }) => sum + head - first + 1, 0));
  }
}
