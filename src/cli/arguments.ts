// What stands on a command line, read and checked.

import { InvalidArgumentError } from 'commander';
import type { From } from '../core/message-bus.ts';

/** JSON where it is JSON, else text: `42`, `true` and `{"a":1}` are values, `hello` and `42 apples` are text. */
export function contentOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new InvalidArgumentError('It must be a whole number above zero.');
  return Number(text);
}

export function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('It must be a number of seconds above zero.');
  return value;
}

export function fromOf(text: string): From {
  if (text === 'now' || text === 'earliest') return text;
  const last = /^last:([1-9]\d*)$/.exec(text)?.[1];
  if (last === undefined) throw new InvalidArgumentError('It is one of now, earliest, last:N.');
  return { last: Number(last) };
}
