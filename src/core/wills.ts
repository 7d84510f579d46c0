// The last wills of a host's clients, kept as records beside the messages: so they outlive the host too. A will is stored in
// the commit of the message that it belongs to, and taken back in the commit of the one that makes it needless.

import type { Block } from './block.ts';
import type { Append, Log, Records } from './log.ts';
import type { Will } from './will.ts';

/** What a push may say of the wills of its client. */
export interface Testament {
  readonly will?: Will | undefined;
  /** The id of a will that is needless from now on. */
  readonly fulfils?: string | undefined;
}

const prefix = 'will:';

const nameOf = (clientId: string, id: string): string => `${prefix}${clientId}:${id}`;

function clientOf(name: string): string {
  return name.slice(prefix.length, name.indexOf(':', prefix.length));
}

/** What is saved with a message that says this of its client's wills. */
function recordsOf(clientId: string, { will, fulfils }: Testament): Records {
  return [
    ...(fulfils === undefined ? [] : [[nameOf(clientId, fulfils), undefined] as const]),
    ...(will === undefined ? [] : [[nameOf(clientId, will.id), will.block] as const]),
  ];
}

export class Wills {
  readonly #log: Log;
  /** Appends that set or fulfil a will: what they do is not to be missed by who executes it. */
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Appends what says something of a will. */
  async append(entry: Append, clientId: string, testament: Testament): ReturnType<Log['append']> {
    const records = recordsOf(clientId, testament);
    const appending = this.#log.append([{ ...entry, records }]);
    this.#underWay.add(appending);
    try {
      const verdicts = await appending;
      // Whoever sends the end again, under its key, wants no will either; what is known saves nothing by itself.
      const { fulfils } = testament;
      if (verdicts[0]?.kind === 'known' && fulfils !== undefined)
        await this.#log.save(recordsOf(clientId, { fulfils }));
      return verdicts;
    } finally {
      this.#underWay.delete(appending);
    }
  }

  /** Puts this in the place of the will of the same id. */
  set(clientId: string, will: Will): Promise<void> {
    return this.#log.save(recordsOf(clientId, { will }));
  }

  /** Stores what a client left behind. Their blocks have keys: to do it twice, after a host died in between, is harmless. */
  async execute(clientId: string): Promise<void> {
    await Promise.allSettled(this.#underWay);
    const wills = await this.#log.records(nameOf(clientId, ''));
    if (wills.size === 0) return;
    await this.#log.append([...wills.values()].map((block) => ({ block: block as Block })));
    await this.#log.save([...wills.keys()].map((name) => [name, undefined]));
  }

  /** The clients that have a will. */
  async clients(): Promise<ReadonlySet<string>> {
    const wills = await this.#log.records(prefix);
    return new Set([...wills.keys()].map(clientOf));
  }
}
