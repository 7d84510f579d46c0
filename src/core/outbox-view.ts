// What was sent and is not stored, as entries of a list: for `admin.outbox` and for the end of every live view.

import { busError } from './errors.ts';
import type { Inside } from './inside.ts';
import { isInner } from './message.ts';
import type { Message, MessageInput } from './message.ts';
import type { Entry } from './message-bus.ts';
import type { Outbox } from './outbox.ts';
import type { LateStore } from './late.ts';
import { Watched } from './store.ts';

export function isSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}

/** Runs the task at the end of the turn, once, however often it is asked for. */
export function oncePerTurn({ platform }: Inside, task: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    platform.defer(() => {
      isDue = false;
      task();
    });
  };
}

/** The entries of one channel, or of all. One that did not change is the same object when they are read again. */
export class OwnEntries {
  readonly #outbox: Outbox;
  readonly #channelId: string | undefined;
  #known = new Map<string, Entry>();

  constructor(outbox: Outbox, channelId?: string) {
    this.#outbox = outbox;
    this.#channelId = channelId;
  }

  /** Those that failed before those that are on their way. */
  read(): readonly Entry[] {
    const entries = new Map<string, Entry>();
    for (const { message, error } of this.#outbox.failures.values()) {
      if (this.#channelId !== undefined && message.channelId !== this.#channelId) continue;
      const before = this.#known.get(message.id);
      const isKnown = before?.state === 'failed' && before.error === error;
      entries.set(message.id, isKnown ? before : { ...message, state: 'failed', error });
    }
    for (const message of this.#outbox.pending(this.#channelId)) {
      if (isInner(message.type)) continue;
      const before = this.#known.get(message.id);
      entries.delete(message.id);
      entries.set(message.id, before?.state === 'queued' ? before : { ...message, state: 'queued' });
    }
    this.#known = entries;
    return [...entries.values()];
  }
}

/** Looks at the outbox when it is asked; watches it while somebody watches this. */
export class OutboxView implements LateStore<Entry> {
  readonly #own: OwnEntries;
  readonly #outbox: Outbox;
  readonly #entries = new Watched<readonly Entry[]>([]);
  readonly #schedule: () => void;
  #stop: (() => void) | undefined;

  constructor(inside: Inside) {
    this.#outbox = inside.outbox;
    this.#own = new OwnEntries(inside.outbox);
    this.#schedule = oncePerTurn(inside, () => this.#look());
  }

  readonly getSnapshot = (): readonly Entry[] => {
    if (this.#stop === undefined) this.#look();
    return this.#entries.getSnapshot();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#look();
    this.#stop ??= this.#outbox.watch(() => this.#schedule());
    const stop = this.#entries.subscribe(listener);
    return () => {
      stop();
      if (this.#entries.isWatched) return;
      this.#stop?.();
      this.#stop = undefined;
    };
  };

  #look(): void {
    const entries = this.#own.read();
    if (!isSame(entries, this.#entries.getSnapshot())) this.#entries.set(entries);
  }
}

function inputOf(message: Message): MessageInput {
  const { version: _version, offset: _offset, ...fields } = message;
  return fields;
}

/** Its id is a key now: to send it again twice stores it once. */
export async function retry(inside: Inside, id: string): Promise<void> {
  const failure = inside.outbox.failures.get(id);
  if (failure === undefined) throw busError('INVALID_INPUT', `retry: no message "${id}" failed here.`);
  inside.outbox.failures.delete(id);
  await inside.send(inputOf(failure.message), { ack: failure.ack });
}

/** What else there may be to discard. */
interface DeadLetters {
  discardDead(inside: Inside, id: string): Promise<boolean>;
}

export async function discard(inside: Inside, id: string, dead: DeadLetters): Promise<void> {
  const wasHere = inside.outbox.discard(id);
  if (!wasHere && !(await dead.discardDead(inside, id)))
    throw busError('INVALID_INPUT', `discard: there is neither a failed message nor a dead letter "${id}".`);
}
