// A whole bus in one process: the verbs, and beside them the host with its log.

import { TypedBus } from './bus.ts';
import type { BusIdentity } from './bus.ts';
import { busError } from './errors.ts';
import type { BusError } from './errors.ts';
import type { Log } from './log.ts';
import { LogHost } from './log-host.ts';
import { MemoryLog } from './memory-log.ts';
import type { NoSchemas, Schemas } from './schema.ts';

export interface CoreOptions<S extends Schemas = Schemas> extends BusIdentity<S> {
  /** Default: a `MemoryLog`, which lives as long as this object. */
  readonly log?: Log;
}

function lost(cause: unknown): BusError {
  return busError('HOST_LOST', 'What was left behind in the log could not be read.', { cause });
}

/** The message bus of source 000: in a page, a worker or a Node process, over any log. */
export class MessageBusCore<const S extends Schemas = NoSchemas> extends TypedBus<S> {
  constructor(options: CoreOptions<S> = {}) {
    const log = options.log ?? new MemoryLog(options.platform);
    const status = { host: 'process', why: 'The bus runs in this process.', durability: 'memory' } as const;
    const host = new LogHost(log, status, options.platform);
    super(host, options);
    // What a process before this one left behind in a log that lasts.
    host.recover().catch((cause: unknown) => host.events.emit('error', lost(cause)));
  }
}
