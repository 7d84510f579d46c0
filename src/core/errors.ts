// What goes wrong, as values that survive workers, sockets and bundles: a string code, never a class identity.

/** Every code a `BusError` can carry, with what to do about it. */
export const advice = {
  INVALID_INPUT: 'Correct the argument that the message names.',
  INVALID_CHANNEL: 'Use a non-empty channel name of at most 256 bytes without "*"; "*" stands only in patterns.',
  NOT_ENCODABLE: 'Send JSON values and Uint8Array only; convert the value at the named path first.',
  MESSAGE_TOO_LARGE:
    'Send less than 960 kB a message (binary counts 4/3), or store the data elsewhere and send a link.',
  ABORTED: 'The signal given to the call was aborted; nothing to mend unless you did not mean it.',
  CLOSED: 'This bus was closed; create a new one.',
  UNKNOWN_HOST: 'Name hosts from this list: shared-worker, leader-tab, service-worker, page.',
  NO_HOST: 'None of the hosts asked for works here; leave `hosts` out, or add "page".',
  NOT_A_BROWSER:
    'createBus works in pages; on a server create it freely but use it only in the browser, or use MessageBusCore.',
  WORKER_FAILED:
    'The worker script did not start: pass `workerUrl` or `worker`, and check that it is served from this origin as JavaScript.',
  HOST_LOST: 'The host of the bus is gone and is being replaced; what was sent is sent again by itself.',
  STORAGE_BLOCKED:
    'This browser refuses IndexedDB here (private mode, blocked cookies, sandboxed frame): allow it for this site. Until then the log has little space, or lives in memory only.',
  STORAGE_FULL:
    'The quota of this origin, or the room of the hub, is used up: delete data, set `retention`, or give it more (in a browser: navigator.storage.persist()); then send again.',
  STORAGE_NEWER: 'The stored data was written by a newer build: reload this page to get it.',
  VERSION_MISMATCH: 'This page and the running host are of different builds: reload the page.',
  MALFORMED_FRAME:
    'Some script on this origin posts into the bus; the frame was dropped. Find it by the content given.',
  MALFORMED_BLOCK: 'A stored block could not be read; its messages were passed over.',
  CONFLICT: 'This producer was cloned (a copied profile, a restored backup): take a new producerId and renumber.',
  GAP: 'Blocks before this one are missing: send them first, or a skip with the reason.',
  NO_UPSTREAM: 'There is no server to sync with: ask for "stored" or "flushed".',
  SCHEMA_MISMATCH:
    'The content does not fit the schema of its channel: correct the sender, or let the schema accept what was stored before.',
  NO_RESPONDER: 'Nobody answers requests on this channel: start a responder, or check the name of the channel.',
  RESPONDER_FAILED: 'The responder threw; its message is in this one. Mend the responder.',
  TIMEOUT: 'The answer did not come in time: ask for more with `timeout`, or ask again.',
  STREAM_ABORTED: 'The writer of the stream died, gave up or was stopped; what it had written until then is kept.',
  LEASE_LOST:
    'The attempt took longer than its lease and was given to another member: call `extend`, or raise `lease`.',
  IMPORT_FAILED: 'The file is no export of a bus, or is damaged; what came before the named place was imported.',
  PART_MISSING: 'A part of the library was not served: deploy all files of its dist folder, and reload the page.',
  ADAPTER_EXISTS: 'Adapter names are unique in a bus: remove the other one first, or rename this one.',
  ADAPTER_FAILED: 'The adapter threw; the message is named in the event. Mend the adapter.',
} as const;

export type BusErrorCode = keyof typeof advice;

/** `code` is one of the documented codes; recognise it with `isBusError`, never with instanceof. */
export interface BusError extends Error {
  readonly code: string;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  /** Whether what was sent may have been accepted all the same. */
  readonly accepted: boolean | 'unknown';
  readonly advice: string;
}

/** The fields of a `BusError` as they cross a link. */
export type ErrorRecord = Pick<BusError, 'message' | 'retryable' | 'accepted'> & { readonly code: BusErrorCode };

export interface ErrorOptions {
  readonly retryable?: boolean;
  readonly accepted?: boolean | 'unknown';
  readonly cause?: unknown;
}

/** Makes a `BusError`. The message says what is wrong here; the advice, which follows from the code, says what to do. */
export function busError(code: BusErrorCode, message: string, options: ErrorOptions = {}): BusError {
  return errorWith(code, advice[code], message, options);
}

/** For the codes of what not everybody loads, which bring their advice along. */
export function errorWith(code: string, what: string, message: string, options: ErrorOptions = {}): BusError {
  const error = new Error(`${message} [${code}] ${what}`, options.cause === undefined ? {} : { cause: options.cause });
  return Object.assign(error, {
    name: 'BusError',
    code,
    retryable: options.retryable ?? false,
    accepted: options.accepted ?? false,
    advice: what,
  });
}

export function isBusError(value: unknown): value is BusError {
  const error = value as Partial<BusError> | null | undefined;
  return typeof error === 'object' && error !== null && error.name === 'BusError' && typeof error.code === 'string';
}

/** What was thrown, as text; never throws itself. */
export function describe(thrown: unknown): string {
  return thrown instanceof Error
    ? thrown.message
    : typeof thrown === 'string'
      ? thrown
      : Object.prototype.toString.call(thrown);
}

export function toRecord(error: BusError): ErrorRecord {
  const message = error.message.replace(` [${error.code}] ${error.advice}`, '');
  return { code: error.code as BusErrorCode, message, retryable: error.retryable, accepted: error.accepted };
}

export function fromRecord(record: ErrorRecord): BusError {
  return busError(Object.hasOwn(advice, record.code) ? record.code : 'INVALID_INPUT', record.message, record);
}
