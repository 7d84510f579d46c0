// What the suites need of a test runner. It is handed in, so that nothing here imports one: vitest, Jest and their like fit.

export interface Expectation {
  toBe(expected: unknown): unknown;
  toEqual(expected: unknown): unknown;
}

export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly test: (name: string, body: () => Promise<void>) => unknown;
  readonly expect: (value: unknown) => Expectation;
}
