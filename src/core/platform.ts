// The few things of the surrounding platform that the core needs, handed in so that tests own time and chance.

export interface Platform {
  /** Milliseconds since the epoch: a date, which may jump. */
  now(): number;
  /** Milliseconds since some moment, which only this context knows: for durations. It never goes back. */
  elapsed(): number;
  /** Fills up to 4096 bytes with cryptographic randomness. */
  random(bytes: Uint8Array): void;
  /** Runs the task at the end of this turn of the event loop. */
  defer(task: () => void): void;
  /** Runs the task after `ms`; the returned function cancels it. */
  timer(ms: number, task: () => void): () => void;
}

/** What `AbortSignal` is, without needing a platform. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

interface Globals {
  readonly performance: { now(): number };
  readonly crypto: { getRandomValues(bytes: Uint8Array): unknown };
  readonly queueMicrotask: (task: () => void) => void;
  /** Node has none. */
  readonly reportError?: (error: unknown) => void;
  readonly setTimeout: (task: () => void, ms: number) => number;
  readonly clearTimeout: (handle: number) => void;
  readonly btoa: (binary: string) => string;
  readonly atob: (base64: string) => string;
  readonly TextEncoder: new () => { encode(text: string): Uint8Array };
  readonly TextDecoder: new () => { decode(bytes: Uint8Array, options: { stream: boolean }): string };
}

/** Browsers, workers and Node all have these; TypeScript's platform-free library just does not know them. */
const globals = globalThis as unknown as Globals;

/** Randomness is asked for in few large pieces: a call for each block would cost more than the block. */
const pool = new Uint8Array(4096);
let poolAt = pool.length;

function pooled(bytes: Uint8Array): void {
  if (poolAt + bytes.length > pool.length) {
    globals.crypto.getRandomValues(pool);
    poolAt = 0;
  }
  bytes.set(pool.subarray(poolAt, poolAt + bytes.length));
  poolAt += bytes.length;
}

/** A timer that is to wait longer fires at once. */
const longestTimer = 2 ** 31 - 1;

export const systemPlatform: Platform = {
  now: () => Date.now(),
  elapsed: () => globals.performance.now(),
  random: pooled,
  defer: (task) => globals.queueMicrotask(task),
  timer(ms, task) {
    let handle: number;
    const wait = (left: number): void => {
      const step = Math.min(left, longestTimer);
      handle = globals.setTimeout(step < left ? () => wait(left - step) : task, step);
    };
    wait(ms);
    return () => globals.clearTimeout(handle);
  },
};

/** What a callback threw becomes an uncaught error of its own: whoever called back goes on. */
export function reportError(error: unknown): void {
  if (globals.reportError !== undefined) return globals.reportError(error);
  globals.queueMicrotask(() => {
    throw error;
  });
}

const chunk = 0x8000;

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += chunk) binary += String.fromCharCode(...bytes.subarray(at, at + chunk));
  return globals.btoa(binary);
}

export function fromBase64(base64: string): Uint8Array {
  return Uint8Array.from(globals.atob(base64), (character) => character.charCodeAt(0));
}

export function encodeText(text: string): Uint8Array {
  return new globals.TextEncoder().encode(text);
}

/** Decodes text that comes in pieces, which may end inside a character. */
export function decodeText(): (bytes: Uint8Array) => string {
  const decoder = new globals.TextDecoder();
  return (bytes) => decoder.decode(bytes, { stream: true });
}

/** Random identity of 96 bits, for blocks, logs, stores and clients. */
export function randomName(platform: Platform): string {
  const bytes = new Uint8Array(12);
  platform.random(bytes);
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_');
}

interface Waiting {
  readonly tasks: Set<() => void>;
  readonly listener: () => void;
}

/** Who waits for which signal: one listener for all of them, because Node takes more than ten for a leak. */
const waiting = new WeakMap<Signal, Waiting>();

/** Runs `task` once when the signal aborts; the returned function forgets it. */
export function onAbort(signal: Signal | undefined, task: () => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    task();
    return () => undefined;
  }
  const { tasks, listener } = waiting.get(signal) ?? listenTo(signal);
  const own = (): void => task();
  tasks.add(own);
  return () => {
    if (!tasks.delete(own) || tasks.size > 0) return;
    signal.removeEventListener('abort', listener);
    waiting.delete(signal);
  };
}

function listenTo(signal: Signal): Waiting {
  const tasks = new Set<() => void>();
  const listener = (): void => runAll(tasks);
  signal.addEventListener('abort', listener, { once: true });
  waiting.set(signal, { tasks, listener });
  return { tasks, listener };
}

function runAll(tasks: ReadonlySet<() => void>): void {
  for (const task of tasks) {
    try {
      task();
    } catch (error) {
      reportError(error);
    }
  }
}

export interface Abort {
  readonly signal: Signal;
  abort(reason?: unknown): void;
}

export function createAbort(): Abort {
  return new (globalThis as unknown as { AbortController: new () => Abort }).AbortController();
}
