// What subscriptions saw: every offset after the one before, in one log until they are told of another, and in the end all.

import { plain } from './record.ts';
import type { Told } from './record.ts';
import { keyOf } from './view.ts';
import type { View } from './view.ts';

interface Place {
  /** Undefined until the first message says it. */
  logId: string | undefined;
  /** It begins with whatever is the first that is kept. */
  isAtStart: boolean;
  offset: number;
  /** What `positions` said last. */
  said: number;
}

class Reading {
  readonly #view: View;
  readonly #places = new Map<string, Place>();
  readonly problems: string[] = [];

  constructor(view: View) {
    this.#view = view;
  }

  take(fact: Told): void {
    if (fact.t === 'sub') this.#begin(fact);
    else if (fact.t === 'got') this.#got(fact);
    else if (fact.t === 'reset') this.#reset(fact);
    else if (fact.t === 'positions')
      for (const [ch, position] of Object.entries(fact.positions)) this.#said(fact.sub, ch, position);
  }

  #begin({ sub, from }: Extract<Told, { t: 'sub' }>): void {
    for (const ch of plain) {
      const at = from === 'earliest' ? undefined : from[ch];
      this.#places.set(keyOf(sub, ch), {
        logId: at?.logId || undefined,
        isAtStart: at === undefined,
        offset: at?.offset ?? 0,
        said: 0,
      });
    }
  }

  #place(sub: string, ch: string): Place {
    return this.#places.get(keyOf(sub, ch)) ?? { logId: undefined, isAtStart: true, offset: 0, said: 0 };
  }

  #got({ sub, ch, logId, offset }: Extract<Told, { t: 'got' }>): void {
    const place = this.#place(sub, ch);
    if (place.logId !== undefined && place.logId !== logId)
      this.problems.push(`reader: ${sub} came from log ${place.logId} to ${logId} of ${ch} and was not told`);
    else if (offset <= place.offset) this.problems.push(`double: ${sub} saw ${ch} ${offset} after ${place.offset}`);
    else if (offset !== place.offset + 1 && !(place.isAtStart && offset - 1 <= this.#view.trimmedUpTo(ch)))
      this.problems.push(`lost: ${sub} missed ${ch} ${place.offset + 1} to ${offset - 1}`);
    place.logId = logId;
    place.isAtStart = false;
    place.offset = offset;
  }

  #reset({ sub, ch, now, reason }: Extract<Told, { t: 'reset' }>): void {
    const wasTrimmed = reason === 'trimmed' && now.offset <= this.#view.trimmedUpTo(ch);
    if (!wasTrimmed && !this.#view.mayLose)
      this.problems.push(`reader: ${sub} was told that ${ch} was ${reason}, and nothing was lost`);
    const place = this.#place(sub, ch);
    if (wasTrimmed && now.offset < place.offset)
      this.problems.push(`reader: ${sub} was at ${ch} ${place.offset} and was sent back to ${now.offset}`);
    place.isAtStart = false;
    place.logId = now.logId || undefined;
    place.offset = now.offset;
    place.said = 0;
  }

  #said(sub: string, ch: string, { offset }: { readonly offset: number }): void {
    const place = this.#place(sub, ch);
    if (offset < place.said)
      this.problems.push(`reader: the position of ${sub} in ${ch} went from ${place.said} back to ${offset}`);
    place.said = offset;
    if (offset < place.offset)
      this.problems.push(`reader: ${sub} says that it is at ${ch} ${offset} and has seen ${place.offset}`);
  }
}

export function checkReaders(view: View): readonly string[] {
  const reading = new Reading(view);
  for (const fact of view.facts) reading.take(fact);
  const reached = new Set(view.all('reached').map(({ life }) => life));
  const behind = [...view.living].filter((life) => !reached.has(life));
  return [...reading.problems, ...behind.map((life) => `reader: ${life} did not come to the end of what was stored`)];
}
