// Opens a hub: settings, log, bus, adapters. Everything it is made of is here to be seen.

import { MessageBusCore } from '../../core/message-bus-core.ts';
import type { Adapter } from '../../core/message-bus.ts';
import type { NoSchemas, Schemas } from '../../core/schema.ts';
import { RunningHub } from './hub.ts';
import type { Hub } from './hub.ts';
import { openLog } from './log-choice.ts';
import { createLogger } from './logger.ts';
import type { HubLogger } from './logger.ts';
import type { HubSettings, PartialSettings } from './settings-options.ts';
import { readSettings } from './settings.ts';
import type { Settings } from './settings.ts';
import { Watch } from './watch.ts';

/** Beside the settings, what only code can give. A setting stands here, in the environment or in a file, in this order. */
export interface HubOptions<S extends Schemas = Schemas> extends HubSettings {
  /** A file of settings that must be there. `false`: none is read. Default: busline.config.json, if the working folder has one. */
  readonly config?: string | false | undefined;
  /** Takes what the hub has to say, in place of lines of JSON on the standard error. */
  readonly logger?: HubLogger | undefined;
  /** Work beside the log from the start. */
  readonly adapters?: readonly Adapter[] | undefined;
  /** By channel: what may be sent there. */
  readonly schemas?: S | undefined;
}

const others = ['config', 'logger', 'adapters', 'schemas'];

/**
 * Opens the bus of a server. Rejects with `INVALID_SETTINGS`, which names all that is wrong; with `REDIS_AWAY` or another code of
 * Redis if one is set and cannot be used; with `DIRECTORY_DENIED` if the folder cannot be.
 */
export function openHub<const S extends Schemas = NoSchemas>(options: HubOptions<S> = {}): Promise<Hub<S>> {
  return openHubWith(options, {});
}

/** What the command line has otherwise than a program. */
export interface Surroundings {
  /** What holds where nobody says anything, in place of the defaults. */
  readonly base?: PartialSettings;
  /** Where lines of the log go. */
  readonly write?: (line: string) => void;
  /** Told what was decided, before anything is opened. */
  readonly decided?: (settings: Settings) => void;
}

export async function openHubWith<const S extends Schemas = NoSchemas>(
  options: HubOptions<S>,
  { base = {}, write, decided }: Surroundings,
): Promise<Hub<S>> {
  const { config, logger: own, adapters = [], schemas, ...argument } = options;
  const settings = readSettings({ argument, others, config, environment: process.env, folder: process.cwd(), base });
  decided?.(settings);
  const { name, logLevel: level, secrets, closeWithin } = settings;
  const logger = own ?? createLogger({ level, name, secrets, ...(write && { write }) });
  const watch = new Watch(logger);
  const { log, retention } = await openLog(settings, logger, watch);
  const bus = new MessageBusCore<S>({ log, author: name, closeWithin, retention, ...(schemas && { schemas }) });
  const hub = new RunningHub(bus, log, logger, watch);
  try {
    for (const adapter of adapters) bus.use(adapter);
  } catch (error) {
    await hub.close();
    throw error;
  }
  return hub;
}
