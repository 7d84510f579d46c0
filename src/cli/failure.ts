// How a command ends that failed: what is wrong, and what to do, on the standard error; the exit code says whose fault it is.

import { describe, isBusError } from '../core/errors.ts';
import { paint } from './paint.ts';

/** It failed; it was used wrongly. */
export const exitCodes = { failed: 1, wrongUse: 2, SIGINT: 130, SIGTERM: 143 } as const;

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** What the caller got wrong, and not what went wrong. */
const callers = ['INVALID_SETTINGS', 'INVALID_INPUT', 'INVALID_CHANNEL', 'NOT_ENCODABLE', 'MESSAGE_TOO_LARGE'];

export class WrongUse extends Error {}

/** A signal came before the command was done. */
export class Interrupted extends Error {
  readonly signal: StopSignal;

  constructor(signal: StopSignal) {
    super(`Stopped by ${signal} before it was done.`);
    this.signal = signal;
  }
}

/** The command has said all there is to say. */
export class Failed extends Error {}

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return exitCodes[error.signal];
  if (error instanceof WrongUse) return exitCodes.wrongUse;
  return isBusError(error) && callers.includes(error.code) ? exitCodes.wrongUse : exitCodes.failed;
}

/** Text, code and advice; a stack only for whoever asks for it. */
export function told(error: unknown, isVerbose: boolean): string {
  const { red, bold, dim } = paint(process.stderr);
  if (error instanceof Failed) return '';
  const lines: string[] = [];
  if (isBusError(error)) {
    const what = error.message.replace(` [${error.code}] ${error.advice}`, '').trimEnd();
    lines.push(`${red('error')} ${what} ${dim(`[${error.code}]`)}`, `${bold('→')} ${error.advice}`);
  } else lines.push(`${red('error')} ${describe(error)}`);
  if (error instanceof WrongUse) lines.push(`${bold('→')} "busline help" shows what there is.`);
  if (isVerbose && error instanceof Error) lines.push(stacksOf(error));
  return `${lines.join('\n')}\n`;
}

function stacksOf(error: Error): string {
  const own = error.stack ?? '';
  return error.cause instanceof Error ? `${own}\ncaused by ${stacksOf(error.cause)}` : own;
}
