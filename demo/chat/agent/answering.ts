// What every agent of the chat does alike: takes what it is asked in a room, writes its answer as a stream that can be
// stopped, and tells the desk how it goes.

import { agent } from 'busline';
import type { Adapter, AgentAttempt } from 'busline';
import { contentOf } from '../model/content.ts';
import type { Source } from '../model/content.ts';
import { reasonOf } from '../model/notices.ts';
import { roomPattern } from '../model/rooms.ts';
import type { Desk } from './desk.ts';
import { addresseeOf, answerType, withoutMention } from './roster.ts';
import type { AgentCard } from './roster.ts';
import { Voice } from './voice.ts';

/** After so many attempts it says that it cannot. */
const lastAttempt = 3;

/** Says the answer, and returns what it quotes. */
type Compose = (question: string, voice: Voice, attempt: AgentAttempt) => Promise<readonly Source[]>;

export function answeringAgent(card: AgentCard, desk: Desk, compose: Compose): Adapter {
  return agent({
    name: card.id,
    channels: [roomPattern],
    onMessage(message, attempt) {
      const { text } = contentOf(message);
      return addresseeOf(message, text) === card.id
        ? new Answer(card, desk, attempt).give(compose, withoutMention(text))
        : undefined;
    },
  });
}

class Answer {
  readonly #card: AgentCard;
  readonly #desk: Desk;
  readonly #attempt: AgentAttempt;

  constructor(card: AgentCard, desk: Desk, attempt: AgentAttempt) {
    this.#card = card;
    this.#desk = desk;
    this.#attempt = attempt;
  }

  async give(compose: Compose, question: string): Promise<void> {
    const { id, name } = this.#card;
    this.#desk.tell(id, 'thinking');
    const stream = this.#attempt.stream({ authorName: name, type: answerType });
    const voice = new Voice(stream, () => this.#desk.tell(id, 'answering'));
    try {
      const sources = await compose(question, voice, this.#attempt);
      // Whoever pressed Stop keeps what was said until then.
      if (stream.signal.aborted) stream.abort('Stopped by a reader.');
      else await stream.close({ text: voice.text, sources: sources.map((source) => ({ ...source })) });
      this.#desk.tell(id, 'idle');
    } catch (error) {
      this.#desk.tell(id, 'failed', reasonOf(error));
      if (this.#attempt.attempt < lastAttempt) {
        stream.abort(error);
        throw error;
      }
      await stream.close({ text: `I could not answer that. ${reasonOf(error)}` });
    }
  }
}
