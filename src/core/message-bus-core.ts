// A whole bus in one process: the verbs, and beside them the host with its log.

import { TypedBus } from './bus.ts';
import type { BusIdentity } from './bus.ts';
import type { Log } from './log.ts';
import { LocalHost } from './local-host.ts';
import { MemoryLog } from './memory-log.ts';
import { systemPlatform } from './platform.ts';
import type { RetentionOptions } from './retention.ts';
import type { NoSchemas, Schemas } from './schema.ts';

export interface CoreOptions<S extends Schemas = Schemas> extends BusIdentity<S> {
  /** Default: a `MemoryLog`, which lives as long as this object. */
  readonly log?: Log;
  /** What is kept of each channel; default: all. Of several buses over one log object the first one's limits hold. */
  readonly retention?: RetentionOptions;
}

/** The message bus of source 000: in a page, a worker or a Node process, over any log. */
export class MessageBusCore<const S extends Schemas = NoSchemas> extends TypedBus<S> {
  constructor(options: CoreOptions<S> = {}) {
    const { log = new MemoryLog(options.platform), platform = systemPlatform, retention } = options;
    super(new LocalHost(log, platform, retention), options);
  }
}
