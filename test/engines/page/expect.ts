// As much of an assertion library as the contract suites ask for.
import type { Expectation } from '../../../src/testing/index.ts';

export function expect(actual: unknown): Expectation {
  return {
    toBe(expected) {
      if (!Object.is(actual, expected)) fail(actual, expected);
    },
    toEqual(expected) {
      if (!isEqual(actual, expected)) fail(actual, expected);
    },
  };
}

function fail(actual: unknown, expected: unknown): never {
  throw new Error(`expected ${show(expected)}, not ${show(actual)}`);
}

export function show(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) =>
    part instanceof Uint8Array ? `${part.length} bytes` : part,
  );
  return (text ?? String(value)).slice(0, 1000);
}

/** As deep as it goes; a property that is undefined is as good as none. */
function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
  }
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => isEqual(a[key as keyof typeof a], b[key as keyof typeof b]));
}
