// The first words with a server: who it is, whether it may be used, and that its bells are to be heard.

import type { RedisClientOptions } from 'redis';
import { hubError } from '../hub-error.ts';
import { infoOf } from './findings.ts';
import { allBells, channelOfBell } from './keys.ts';
import { checkCluster } from './locate.ts';
import { createClient } from './redis-package.ts';
import { isReply } from './trouble.ts';

export type Client = ReturnType<typeof createClient>;

/** Not connected yet. */
export function clientOf(url: string, deadline: number): Client {
  const options: RedisClientOptions = {
    url,
    disableOfflineQueue: true,
    pingInterval: 5000,
    socket: { connectTimeout: deadline, reconnectStrategy: false },
  };
  return createClient(options);
}

/**
 * Connects; answers with what names the server process and the history of its data. Rejects unless it is a master, and of a
 * cluster where one was named.
 */
export async function meet(
  client: Client,
  isCluster: boolean,
  onBell: (channelId: string, text: string) => void,
): Promise<string> {
  await client.connect();
  const info = infoOf(await client.info());
  const said = (name: string): string => info.get(name) ?? '';
  if (said('loading') === '1') throw hubError('REDIS_AWAY', 'Redis is loading its data.', { retryable: true });
  if (said('role') === 'slave')
    throw hubError('REDIS_READ_ONLY', `This Redis follows ${said('master_host')}:${said('master_port')}.`, {
      retryable: true,
    });
  if (isCluster) await checkCluster((words) => client.sendCommand(words));
  else if (said('cluster_enabled') === '1')
    throw hubError(
      'INVALID_SETTINGS',
      'This Redis is a node of a cluster: name some of its nodes with redis+cluster://host:port,host:port',
    );
  await listen(client, onBell);
  return `${said('run_id')}.${said('master_replid')}`;
}

async function listen(client: Client, onBell: (channelId: string, text: string) => void): Promise<void> {
  try {
    await client.pSubscribe(allBells, (text, name) => {
      const channelId = channelOfBell(name);
      if (channelId !== undefined) onBell(channelId, text);
    });
  } catch (error) {
    if (!isReply(error) || !error.message.startsWith('NOPERM')) throw error;
    // A pattern must be allowed letter for letter, which nobody would guess.
    throw hubError('REDIS_DENIED', `The user may not listen to "${allBells}": ACL SETUSER <user> &${allBells}`, {
      cause: error,
    });
  }
}
