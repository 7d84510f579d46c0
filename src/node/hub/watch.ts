// What happens at a hub, and in the log below it: counted, and logged where somebody should know.

import { sizeOf } from '../../core/block.ts';
import type { StoredBlock } from '../../core/block.ts';
import { describe, isBusError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { PlainVerbs } from '../../core/message-bus.ts';
import type { FailoverLoss } from '../failover-log/failover-log.ts';
import type { Loss } from '../redis-log/recovery-part.ts';
import type { HubLogger } from './logger.ts';

export class Watch {
  readonly #logger: HubLogger;
  readonly #counts = {
    messages: 0,
    bytes: 0,
    errors: 0,
    handlerErrors: 0,
    deadLetters: 0,
    resets: 0,
    losses: 0,
  };

  constructor(logger: HubLogger) {
    this.#logger = logger;
  }

  get counts(): { readonly [name: string]: number } {
    return this.#counts;
  }

  /** What went wrong where nobody waits for it. */
  readonly failed = (error: unknown): void => {
    this.#counts.errors += 1;
    this.#logger.error(isBusError(error) ? { code: error.code } : {}, describe(error));
  };

  readonly lost = ({ channelId, from, to }: Loss): void => {
    this.#counts.losses += to - from + 1;
    this.#logger.error({ channelId, from, to }, 'Redis came back without messages that it had acknowledged');
  };

  /** Of a process that is dead: nobody can send them again. */
  readonly lostUnsent = ({ channelId, producerId, from, to }: FailoverLoss): void => {
    this.#counts.losses += to - from + 1;
    const what = 'Redis came back without blocks that it had acknowledged to a process that is gone';
    this.#logger.error({ channelId, producerId, from, to }, what);
  };

  /** The returned function stops counting what comes into the log. */
  attach(bus: PlainVerbs, log: Log): () => void {
    bus.on('error', this.failed);
    bus.on('handlerError', ({ message: { id, channelId }, error }) => {
      this.#counts.handlerErrors += 1;
      this.#logger.error({ id, channelId }, `a handler threw: ${describe(error)}`);
    });
    bus.on('deadLetter', ({ message: { id, channelId }, group, reason }) => {
      this.#counts.deadLetters += 1;
      this.#logger.warn({ id, channelId, group, reason }, 'a message was given up');
    });
    bus.on('reset', ({ channelId, reason, had, now }) => {
      this.#counts.resets += 1;
      this.#logger.warn({ channelId, reason, had, now }, 'a subscription could not go on where it was');
    });
    return log.follow((blocks) => this.#appended(blocks));
  }

  #appended(blocks: readonly StoredBlock[]): void {
    for (const block of blocks) {
      this.#counts.messages += block.header.count;
      this.#counts.bytes += sizeOf(block);
    }
  }
}
