// A hub as its users' programs have it: channels with schemas are typed, settings are known by name.
import { openHub } from 'busline/node';
import type { Hub, HubLogger } from 'busline/node';
import { z } from 'zod';

const logger: HubLogger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const hub = await openHub({
  name: 'north',
  redis: { url: 'redis://there' },
  logger,
  schemas: { temperatures: z.number() },
});
hub.bus.subscribe('temperatures', ({ content }) => content.toFixed(1));
hub.bus.send({ channelId: 'temperatures', content: 21 });
// @ts-expect-error -- a number is wanted
hub.bus.send({ channelId: 'temperatures', content: 'warm' });
hub.bus.send({ channelId: 'anything', content: { goes: ['here'] } });

const plain: Hub = await openHub();
const mode: 'distributed' | 'degraded' | 'isolated' = plain.mode;
const count: number | undefined = plain.stats()['messages'];
await Promise.all([hub.close(), plain.close()]);
export { count, mode };

// @ts-expect-error -- there is no such setting
await openHub({ directry: 'x' });
// @ts-expect-error -- a hub does not listen yet
await openHub({ server: { port: 1 } });
