// A word with a Redis, from beside the processes.

import { createClient } from 'redis';

/** Resolves with the answer to the last one. Rejects if it is not there or says no. */
export async function ask(url: string, ...commands: readonly (readonly string[])[]): Promise<unknown> {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  client.on('error', () => undefined);
  try {
    await client.connect();
    let answer: unknown;
    for (const command of commands) answer = await client.sendCommand(command);
    return answer;
  } finally {
    client.destroy();
  }
}
