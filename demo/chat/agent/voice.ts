// How an agent speaks: word by word, at the pace of a fast reader, until it is done or stopped.

import type { MessageStream } from 'busline';

/** Milliseconds for each word. */
const pace = 22;

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export class Voice {
  readonly signal: MessageStream['signal'];
  readonly #stream: MessageStream;
  readonly #onWord: () => void;
  #text = '';

  constructor(stream: MessageStream, onWord: () => void) {
    this.#stream = stream;
    this.signal = stream.signal;
    this.#onWord = onWord;
  }

  get text(): string {
    return this.#text;
  }

  async say(text: string): Promise<void> {
    const words = text.match(/\s*\S+\s*/g) ?? [];
    const start = performance.now();
    for (let said = 0; said < words.length && !this.signal.aborted;) {
      // Timers of hidden tabs are slow: whatever is due by the clock is said at once.
      const due = Math.max(said + 1, Math.floor((performance.now() - start) / pace));
      this.#write(words.slice(said, due).join(''));
      said = due;
      await sleep(pace);
    }
  }

  #write(words: string): void {
    if (this.#text === '') this.#onWord();
    this.#text += words;
    this.#stream.write(words);
  }
}
