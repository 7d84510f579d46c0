// The rare calls, on the side of the client and over hosts that come and go: what a host did not answer the next one is asked.
// Loaded when it is first used, and comlink with it.

import { busError, isBusError } from '../core/errors.ts';
import type { BusError } from '../core/errors.ts';
import { adminCalls } from '../core/host-admin.ts';
import type { HostAdmin } from '../core/host-admin.ts';
import type { Platform } from '../core/platform.ts';
import { askAdmin } from './admin-tunnel.ts';
import type { Ask } from './admin-tunnel.ts';

/** Long enough to read a large channel; short enough that nothing waits for ever. */
const deadline = 60_000;

interface Call {
  readonly name: keyof HostAdmin;
  readonly given: readonly unknown[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: BusError) => void;
}

export class RemoteAdmin {
  /** What users of this host call. */
  readonly calls: HostAdmin;
  readonly #send: (data: unknown) => void;
  readonly #platform: Platform;
  readonly #pending = new Set<Call>();
  #tunnel: ReturnType<typeof askAdmin> | undefined;

  constructor(send: (data: unknown) => void, platform: Platform) {
    this.#send = send;
    this.#platform = platform;
    this.calls = Object.fromEntries(
      adminCalls.map((name) => [name, (...given: readonly unknown[]) => this.#call(name, given)]),
    ) as unknown as HostAdmin;
  }

  get waiting(): boolean {
    return this.#pending.size > 0;
  }

  receive(data: unknown): void {
    this.#tunnel?.tunnel.receive(data);
  }

  /** A host is there: a tunnel of its own, and what was not answered through the one before. */
  resume(): void {
    this.#tunnel = askAdmin(this.#send);
    const { ask } = this.#tunnel;
    for (const call of this.#pending) this.#ask(ask, call);
  }

  fail(error: BusError): void {
    for (const call of this.#pending) call.reject(error);
  }

  #call(name: keyof HostAdmin, given: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const tooLate = (): void =>
        call.reject(busError('TIMEOUT', `${name}: the host did not answer.`, { accepted: 'unknown', retryable: true }));
      const cancel = this.#platform.timer(deadline, tooLate);
      const ended = <T>(settle: (value: T) => void): ((value: T) => void) => {
        return (value) => {
          cancel();
          this.#pending.delete(call);
          settle(value);
        };
      };
      const call: Call = { name, given, resolve: ended(resolve), reject: ended(reject) };
      this.#pending.add(call);
      if (this.#tunnel !== undefined) this.#ask(this.#tunnel.ask, call);
    });
  }

  #ask(ask: Ask, call: Call): void {
    ask(call.name, call.given).then(call.resolve, (error: unknown) =>
      call.reject(isBusError(error) ? error : busError('HOST_LOST', `${call.name} failed.`, { cause: error })),
    );
  }
}
