// Channel names and patterns. A channel is a named log; a pattern holds "*", which matches any run of characters.

import { busError } from './errors.ts';

const maxBytes = 256;
const remembered = 1024;
const checked = new Set<string>();

/** Bytes of a string in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

function checkName(name: unknown, what: string): asserts name is string {
  if (typeof name !== 'string') throw busError('INVALID_CHANNEL', `${what} must be a string, not ${typeof name}.`);
  if (name === '') throw busError('INVALID_CHANNEL', `${what} is empty.`);
  if (utf8Length(name) > maxBytes)
    throw busError('INVALID_CHANNEL', `${what} "${name.slice(0, 40)}…" is over ${maxBytes} bytes.`);
}

/** Throws unless this names one channel. Names seen lately are not looked at again. */
export function checkChannel(name: unknown): asserts name is string {
  if (checked.has(name as string)) return;
  checkName(name, 'The channel name');
  if (isPattern(name)) throw busError('INVALID_CHANNEL', `The channel name "${name}" holds "*".`);
  if (checked.size >= remembered) checked.clear();
  checked.add(name);
}

export function checkPattern(pattern: unknown): asserts pattern is string {
  checkName(pattern, 'The channel or pattern');
}

export function isPattern(name: string): boolean {
  return name.includes('*');
}

/** A test for channel names. Linear in the name for each "*": no pattern can make it slow. */
export function matcher(pattern: string): (channelId: string) => boolean {
  if (!isPattern(pattern)) return (channelId) => channelId === pattern;
  const parts = pattern.split('*');
  const first = parts[0] as string;
  const last = parts.at(-1) as string;
  const middle = parts.slice(1, -1);
  return (channelId) => {
    if (channelId.length < first.length + last.length || !channelId.startsWith(first) || !channelId.endsWith(last))
      return false;
    let at = first.length;
    const end = channelId.length - last.length;
    for (const part of middle) {
      const found = channelId.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}
