// busline/worker: the host, in a user's own SharedWorker file, with adapters at work beside the log.

import { HostedBus } from '../core/bus.ts';
import type { LogHost } from '../core/log-host.ts';
import type { Adapter } from '../core/message-bus.ts';
import type { RetentionOptions } from '../core/retention.ts';
import { serve } from './serve.ts';

export type { Adapter, Delivery, MessageBus } from '../core/message-bus.ts';
export type { Message } from '../core/message.ts';
export type { RetentionOptions } from '../core/retention.ts';

export interface StartHostOptions {
  /** Work in the worker itself, one copy for all tabs. */
  readonly adapters?: readonly Adapter[];
  readonly retention?: RetentionOptions;
}

function attach(adapters: readonly Adapter[]): (host: LogHost) => () => void {
  return (host) => {
    const bus = new HostedBus(host, { author: 'host' });
    for (const adapter of adapters) bus.use(adapter);
    return () => bus.clearAdapters();
  };
}

/** Makes this SharedWorker the host of its bus. Call it first, before anything that waits. */
export function startHost({ adapters = [], retention }: StartHostOptions = {}): void {
  serve({ ...(adapters.length > 0 && { extend: attach(adapters) }), ...(retention !== undefined && { retention }) });
}
