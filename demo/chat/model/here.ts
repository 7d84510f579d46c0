// Who has a room open, and who is writing there. It is presence: never stored, and gone with the tab.

import type { Member, MessageBus } from 'busline';
import type { Person } from './person.ts';

/** Milliseconds after the last key until somebody does not seem to write any more. */
const pause = 6000;

export interface Guest {
  readonly id: string;
  readonly name: string;
  readonly tabs: number;
  readonly isTyping: boolean;
}

function guestOf({ userId, name, tabs, state }: Member): Guest {
  const given = state?.['name'];
  return {
    id: userId,
    name: typeof given === 'string' ? given : (name ?? 'Somebody'),
    tabs,
    isTyping: state?.['isTyping'] === true,
  };
}

/** By name. */
export function guestsOf(members: readonly Member[]): readonly Guest[] {
  return members.map(guestOf).toSorted((a, b) => a.name.localeCompare(b.name));
}

/** This tab in one room, from its opening until `leave`. */
export class Here {
  readonly #bus: MessageBus;
  readonly #person: Person;
  readonly #channelId: string;
  readonly #forget: () => void;
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(bus: MessageBus, person: Person, channelId: string) {
    this.#bus = bus;
    this.#person = person;
    this.#channelId = channelId;
    bus.joinChannel(channelId).catch(() => undefined);
    // A bus knows one name for its author, and people change theirs: the state carries it.
    this.#forget = person.name.subscribe(() => this.#tell());
    this.#tell();
  }

  /** The text in the box is now this. */
  writes(text: string): void {
    const wasTyping = this.#typing !== undefined;
    clearTimeout(this.#typing);
    this.#typing = text.trim() === '' ? undefined : setTimeout(() => this.writes(''), pause);
    if (wasTyping !== (this.#typing !== undefined)) this.#tell();
  }

  leave(): void {
    this.#forget();
    clearTimeout(this.#typing);
    this.#bus.setPresence(this.#channelId, null);
    this.#bus.leaveChannel(this.#channelId).catch(() => undefined);
  }

  #tell(): void {
    const name = this.#person.name.getSnapshot();
    this.#bus.setPresence(this.#channelId, { name, ...(this.#typing !== undefined && { isTyping: true }) });
  }
}
