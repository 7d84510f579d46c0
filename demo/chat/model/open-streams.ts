// The answers that are being written in any room, so that they can be asked to stop.

import type { MessageBus, ReadableMessage } from 'busline';
import { roomPattern } from './rooms.ts';

export class OpenStreams {
  readonly #open = new Map<string, ReadableMessage>();

  constructor(bus: MessageBus) {
    bus.streams(roomPattern, (stream) => {
      this.#open.set(stream.id, stream);
      const over = (): void => {
        // One that was begun anew has the same id.
        if (this.#open.get(stream.id) === stream) this.#open.delete(stream.id);
      };
      stream.done.then(over, over);
    });
  }

  stop(id: string): void {
    this.#open.get(id)?.stop();
  }
}
