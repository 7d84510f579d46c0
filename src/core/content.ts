// What a message may contain: JSON values, with Uint8Array anywhere inside. Whatever cannot be sent is found here, by its path.

import { busError } from './errors.ts';
import { fromBase64, toBase64 } from './platform.ts';

const maxDepth = 64;
/** Binary up to this size travels as base64 inside the JSON; larger ones are buffers of the block. */
const inlineBytes = 64 * 1024;

/** The path of a binary value in an item. */
export type BytesAt = readonly (string | number)[];

function refuse(path: string, what: string): never {
  throw busError('NOT_ENCODABLE', `send: "${path}" is ${what}.`);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: object): string {
  const name = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === 'string' && name !== '' ? name : 'class';
}

/** One pass over a value: refuses what cannot be encoded, notes whether there is binary, and copies if asked to. */
class Scan {
  hasBytes = false;
  readonly #copy: boolean;

  constructor(copy: boolean) {
    this.#copy = copy;
  }

  /** For values that are not simple. */
  visit(value: unknown, path: string, depth: number): unknown {
    if (typeof value === 'object') return this.#object(value as object, path, depth);
    if (typeof value === 'number') return refuse(path, `${value}, which JSON cannot say`);
    return refuse(path, `${value === undefined ? '' : 'a '}${typeof value}, which cannot be sent`);
  }

  #object(value: object, path: string, depth: number): unknown {
    if (depth > maxDepth) refuse(path, `nested deeper than ${maxDepth} levels, or contains itself`);
    if (value instanceof Uint8Array) {
      this.hasBytes = true;
      // Not `slice`: that of Node's Buffer shares its memory.
      return this.#copy ? new Uint8Array(value) : value;
    }
    if (Array.isArray(value)) return this.#array(value, path, depth);
    if (!isPlain(value))
      refuse(path, `a ${nameOf(value)} object; only plain objects, arrays and Uint8Array can be sent`);
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function') refuse(path, 'an object with a toJSON method');
    return this.#record(value as Record<string, unknown>, path, depth);
  }

  #array(value: readonly unknown[], path: string, depth: number): unknown {
    const copied: unknown[] | undefined = this.#copy ? [] : undefined;
    for (let at = 0; at < value.length; at++) {
      const element = value[at];
      if (isSimple(element)) copied?.push(element);
      else {
        const visited = this.visit(element, `${path}[${at}]`, depth + 1);
        copied?.push(visited);
      }
    }
    return copied ?? value;
  }

  #record(value: Record<string, unknown>, path: string, depth: number): unknown {
    const copied: Record<string, unknown> | undefined = this.#copy ? {} : undefined;
    for (const key of Object.keys(value)) {
      const member = value[key];
      if (member === undefined) continue;
      const visited = isSimple(member) ? member : this.visit(member, `${path}.${key}`, depth + 1);
      if (copied === undefined) continue;
      if (key === '__proto__') Object.defineProperty(copied, key, { value: visited, enumerable: true });
      else copied[key] = visited;
    }
    return copied ?? value;
  }
}

/** Values whose path need not be built because nothing can be wrong with them. */
export function isSimple(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || value === null || Number.isFinite(value);
}

/** Checks a value that is not simple; throws a `BusError` that names the path of what cannot be sent. */
export function scan(value: unknown, path: string, copy: boolean): { value: unknown; hasBytes: boolean } {
  const pass = new Scan(copy);
  return { value: pass.visit(value, path, 0), hasBytes: pass.hasBytes };
}

/** Takes the binary out: what remains is JSON, and `paths` says where it was. Large ones are copied to `buffers`. */
export function takeBytes(value: unknown, buffers: Uint8Array[], paths: BytesAt[], path: BytesAt = []): unknown {
  if (value instanceof Uint8Array) {
    paths.push(path);
    return value.length <= inlineBytes ? toBase64(value) : buffers.push(new Uint8Array(value)) - 1;
  }
  if (Array.isArray(value)) return value.map((element, at) => takeBytes(element, buffers, paths, [...path, at]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, takeBytes(member, buffers, paths, [...path, key])]),
  );
}

/** Puts the binary back where `paths` says, in place. Throws on a path or buffer that is not there. */
export function putBytes(root: object, paths: readonly BytesAt[], buffers: readonly Uint8Array[]): void {
  for (const path of paths) {
    let holder = root as Record<string | number, unknown>;
    for (const key of path.slice(0, -1)) {
      if (!Object.hasOwn(holder, key)) throw new TypeError(`no ${path.join('.')}`);
      holder = holder[key] as Record<string | number, unknown>;
    }
    const last = path.at(-1) as string | number;
    const held = holder[last];
    const bytes = typeof held === 'string' ? fromBase64(held) : buffers[held as number];
    if (!(bytes instanceof Uint8Array) || !Object.hasOwn(holder, last))
      throw new TypeError(`no binary at ${path.join('.')}`);
    holder[last] = bytes;
  }
}
