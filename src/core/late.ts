// What a verb returns at once, while what is behind it is being loaded: whatever is done to it until then is done when it is
// there, in the same order. A part that could not be loaded is reported by whoever loads it; here it is just never there.

import type { Json, Message } from './message.ts';
import type { Consumer, Entry, LiveView, MessageStream, Subscription } from './message-bus.ts';
import type { Abort } from './platform.ts';
import type { Store } from './store.ts';
import { subscriptionOf } from './subscription.ts';

/** Something that is there later. */
export class Late<T> {
  #part: T | undefined;
  #waiting: ((part: T) => void)[] = [];

  constructor(loading: Promise<T>) {
    loading.then(
      (part) => {
        this.#part = part;
        for (const action of this.#waiting.splice(0)) action(part);
      },
      () => void (this.#waiting = []),
    );
  }

  /** What is there, if it is. */
  get part(): T | undefined {
    return this.#part;
  }

  /** Now if it is there, else as soon as it is. */
  do(action: (part: T) => void): void {
    if (this.#part === undefined) this.#waiting.push(action);
    else action(this.#part);
  }
}

export function lateConsumer(loading: Promise<Consumer>): Consumer {
  const late = new Late(loading);
  const close = (): Promise<void> =>
    loading.then(
      (consumer) => consumer.close(),
      () => undefined,
    );
  const consumer = {
    pause: () => late.do((member) => member.pause()),
    resume: () => late.do((member) => member.resume()),
    close,
  };
  // WebKitGTK has no Symbol.asyncDispose: a member named by it would be called "undefined".
  if (Symbol.asyncDispose !== undefined) Object.defineProperty(consumer, Symbol.asyncDispose, { value: close });
  return consumer as Consumer;
}

export function lateSubscription(loading: Promise<Subscription>): Subscription {
  const late = new Late(loading);
  const ready = loading.then((subscription) => subscription.ready);
  // Whoever does not look at `ready` is not told by an unhandled rejection.
  ready.catch(() => undefined);
  return subscriptionOf({ ready, positions: () => late.part?.positions() ?? {} }, () => late.do((stop) => stop()));
}

/** `abort` is what the stream's signal is of. */
export function lateStream(id: string, abort: Abort, loading: Promise<MessageStream>): MessageStream {
  const late = new Late(loading);
  loading.catch((error: unknown) => abort.abort(error));
  let closing: Promise<Message> | undefined;
  const close = (content?: Json): Promise<Message> =>
    new Promise((resolve, reject) => {
      loading.catch(reject);
      late.do((stream) => void stream.close(content).then(resolve, reject));
    });
  return {
    id,
    signal: abort.signal,
    write: (delta) => late.do((stream) => stream.write(delta)),
    close(content) {
      if (closing === undefined) {
        closing = close(content);
        // A listener of the signal may close it, too, and look at nothing.
        closing.catch(() => undefined);
      }
      return closing;
    },
    abort: (reason) => late.do((stream) => stream.abort(reason)),
  };
}

const empty: readonly never[] = [];

/** A list that is there later; what a server renders is known before. */
export type LateStore<T> = Omit<Store<readonly T[]>, 'getServerSnapshot'>;

export function lateStore<T>(loading: Promise<LateStore<T>>): Store<readonly T[]> {
  const late = new Late(loading);
  return {
    getSnapshot: () => late.part?.getSnapshot() ?? empty,
    getServerSnapshot: () => empty,
    subscribe(listener) {
      const isLate = late.part === undefined;
      let stop: (() => void) | undefined = () => undefined;
      late.do((store) => {
        if (stop === undefined) return;
        stop = store.subscribe(listener);
        if (isLate) listener();
      });
      return () => {
        stop?.();
        stop = undefined;
      };
    },
  };
}

export function lateView(loading: Promise<LateStore<Entry> & Pick<LiveView, 'loadOlder' | 'close'>>): LiveView {
  const late = new Late(loading);
  const close = (): void => late.do((view) => view.close());
  const view = {
    ...lateStore<Entry>(loading),
    loadOlder: async (count?: number) => (await loading).loadOlder(count),
    close,
  };
  if (Symbol.dispose !== undefined) Object.defineProperty(view, Symbol.dispose, { value: close });
  return view as LiveView;
}
