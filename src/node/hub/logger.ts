// What a hub says while it runs: a line of JSON each, on the standard error. Secrets are taken out of the finished line, so
// that it does not matter by which way one came into it.

import { pino } from 'pino';
import type { LogLevel } from './settings-options.ts';

/** What a hub needs of a logger: pino's own shape, which others have, too. */
export interface HubLogger {
  info(what: object, text: string): void;
  warn(what: object, text: string): void;
  error(what: object, text: string): void;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly name: string;
  readonly secrets: readonly string[];
  /** Where a line goes; default: the standard error. */
  readonly write?: (line: string) => void;
}

/** Shorter ones would tear words apart, and are no secrets. */
const shortest = 4;

/** Takes secrets out of any text, also where they stand in JSON. */
export function scrubber(secrets: readonly string[]): (text: string) => string {
  const forms = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  const all = [...new Set(forms)].filter((form) => form.length >= shortest).toSorted((a, b) => b.length - a.length);
  return (text) => all.reduce((clean, secret) => clean.replaceAll(secret, '***'), text);
}

const hidden = ['password', 'url', 'redis.password', 'redis.url', '*.password', '*.url'];

export function createLogger({ level, name, secrets, write }: LoggerOptions): HubLogger {
  const scrub = scrubber(secrets);
  const options = {
    level,
    base: { name, process: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: hidden, censor: '***' },
    hooks: { streamWrite: scrub },
  };
  // Written at once: what a process says last is what explains its end.
  return pino(options, write === undefined ? pino.destination({ dest: 2, sync: true }) : { write });
}
