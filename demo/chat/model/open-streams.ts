// The answers that are being written in any room, so that they can be asked to stop.

import type { MessageBus, ReadableMessage } from 'busline';
import { Observable } from './observable.ts';
import { roomPattern } from './rooms.ts';

/** By id. */
export class OpenStreams extends Observable<ReadonlyMap<string, ReadableMessage>> {
  constructor(bus: MessageBus) {
    super(new Map());
    bus.streams(roomPattern, (stream) => {
      this.set(new Map(this.getSnapshot()).set(stream.id, stream));
      const over = (): void => this.#over(stream);
      stream.done.then(over, over);
    });
  }

  stop(id: string): void {
    this.getSnapshot().get(id)?.stop();
  }

  #over(stream: ReadableMessage): void {
    const open = new Map(this.getSnapshot());
    // One that was begun anew has the same id.
    if (open.get(stream.id) === stream && open.delete(stream.id)) this.set(open);
  }
}
