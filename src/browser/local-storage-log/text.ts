// Values as text: JSON, with Uint8Array anywhere inside as base64.

import { fromBase64, toBase64 } from '../../core/platform.ts';

/** Begins a string that stands for bytes, or for a string that begins so itself. Base64 never does. */
const mark = '\u0001';
const markInJson = String.raw`\u0001`;

export function toText(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Uint8Array) return mark + toBase64(part);
    return typeof part === 'string' && part.startsWith(mark) ? mark + part : part;
  });
}

/** Throws if the text is nothing that `toText` wrote. */
export function fromText(text: string): unknown {
  // Few texts hold bytes, and a reviver is called for every value.
  return text.includes(markInJson) ? JSON.parse(text, revived) : JSON.parse(text);
}

function revived(_: string, part: unknown): unknown {
  if (typeof part !== 'string' || !part.startsWith(mark)) return part;
  const rest = part.slice(1);
  return rest.startsWith(mark) ? rest : fromBase64(rest);
}
