// What is not as it should be where a hub runs: told when it starts, and by `busline doctor`.

export interface Finding {
  /** A warning weakens what the bus promises; a problem keeps it from working. */
  readonly level: 'warning' | 'problem';
  /** What was found, in one sentence. */
  readonly what: string;
  /** What to do about it. */
  readonly advice: string;
}
