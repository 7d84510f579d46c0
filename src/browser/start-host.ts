// busline/worker: the host, in a user's own SharedWorker file, with adapters at work beside the log.

import { HostedBus } from '../core/bus.ts';
import { busError, describe } from '../core/errors.ts';
import type { BusError } from '../core/errors.ts';
import type { Adapter } from '../core/message-bus.ts';
import type { RetentionOptions } from '../core/retention.ts';
import type { Extension } from './browser-host.ts';
import { serve } from './serve.ts';

export type { Adapter, Delivery, MessageBus } from '../core/message-bus.ts';
export type { Message } from '../core/message.ts';
export type { RetentionOptions } from '../core/retention.ts';

export interface StartHostOptions {
  /** Work in the worker itself, one copy for all tabs. */
  readonly adapters?: readonly Adapter[];
  readonly retention?: RetentionOptions;
}

function failed(id: string, error: unknown): BusError {
  return busError('ADAPTER_FAILED', `An adapter threw on message ${id}: ${describe(error)}`, { cause: error });
}

function attach(adapters: readonly Adapter[]): Extension {
  return async (host, report) => {
    const bus = new HostedBus(host, { author: 'host' });
    // Nobody in the worker listens: what goes wrong there is told to the tabs.
    bus.on('error', report);
    bus.on('handlerError', ({ message, error }) => report(failed(message.id, error)));
    for (const adapter of adapters) bus.use(adapter);
    await bus.adaptersRecorded();
    return () => bus.clearAdapters();
  };
}

/** Makes this SharedWorker the host of its bus. Call it first, before anything that waits. */
export function startHost({ adapters = [], retention }: StartHostOptions = {}): void {
  serve({ ...(adapters.length > 0 && { extend: attach(adapters) }), ...(retention !== undefined && { retention }) });
}
