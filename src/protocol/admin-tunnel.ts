// The rare calls go through comlink, over a tunnel in the link that there is: so they work on every kind of link, also on
// those that cannot carry ports. Errors cross as records, for comlink would drop their codes.

import { expose, wrap } from 'comlink';
import type { Endpoint, Remote } from 'comlink';
import { busError, describe, fromRecord, isBusError, toRecord } from '../core/errors.ts';
import type { ErrorRecord } from '../core/errors.ts';
import { adminCalls } from '../core/host-admin.ts';
import type { HostAdmin } from '../core/host-admin.ts';

type Answer = { readonly value: unknown } | { readonly error: ErrorRecord };
type Served = { readonly [name: string]: (...given: readonly unknown[]) => Promise<Answer> };

type Listener = (event: { readonly data: unknown }) => void;

/** One end of the tunnel: what comlink takes for a port. */
export class Tunnel {
  readonly endpoint: Endpoint;
  readonly #listeners = new Set<unknown>();

  constructor(send: (data: unknown) => void) {
    this.endpoint = {
      // Only calls and answers: that a proxy was collected is of no interest at the other end.
      postMessage: (data: { readonly type?: string }) => {
        if (data.type !== 'RELEASE') send(data);
      },
      addEventListener: (_type, listener) => void this.#listeners.add(listener),
      removeEventListener: (_type, listener) => void this.#listeners.delete(listener),
    };
  }

  receive(data: unknown): void {
    for (const listener of this.#listeners) (listener as Listener)({ data });
  }
}

function refusal(error: unknown): ErrorRecord {
  return toRecord(isBusError(error) ? error : busError('HOST_LOST', describe(error), { retryable: true }));
}

/** The host's end. `check` throws what is wrong with what was given. */
export function serveAdmin(
  admin: HostAdmin,
  send: (data: unknown) => void,
  check: (name: keyof HostAdmin, given: readonly unknown[]) => void,
): Tunnel {
  const tunnel = new Tunnel(send);
  const served: Served = Object.fromEntries(
    adminCalls.map((name) => [
      name,
      async (...given: readonly unknown[]): Promise<Answer> => {
        try {
          check(name, given);
          return { value: await (admin[name] as (...all: readonly unknown[]) => Promise<unknown>)(...given) };
        } catch (error) {
          return { error: refusal(error) };
        }
      },
    ]),
  );
  expose(served, tunnel.endpoint);
  return tunnel;
}

/** The client's end. The proxy is kept as long as the tunnel: comlink drops calls of one that is collected. */
export function askAdmin(send: (data: unknown) => void): { readonly tunnel: Tunnel; readonly ask: Ask } {
  const tunnel = new Tunnel(send);
  const proxy = wrap<Served>(tunnel.endpoint);
  const ask: Ask = async (name, given) => {
    const call = proxy[name] as Remote<Served[string]>;
    const answer = await call(...given);
    if ('error' in answer) throw fromRecord(answer.error);
    return answer.value;
  };
  return { tunnel, ask };
}

export type Ask = (name: keyof HostAdmin, given: readonly unknown[]) => Promise<unknown>;
