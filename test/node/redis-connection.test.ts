import { expect, onTestFinished, test, vi } from 'vitest';
import { Connection } from '../../src/node/redis-log/connection.ts';
import { startRedis } from './redis-server.ts';

// What rings at a server that may have been set back must not be taken for what follows on.
test('a connection hears no bells before it knows what its server holds', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.remove());
  const heard: string[] = [];
  const connection = new Connection({
    url: redis.url,
    onBell: (channelId, text) => heard.push(`${channelId}: ${text}`),
    onGap: () => undefined,
    prepare: async (ask) => {
      await ask.command(['PUBLISH', 'bl:{room}:bell', 'early']);
      // Answers come in the order in which they were sent, bells among them.
      await ask.command(['PING']);
    },
  });
  onTestFinished(() => connection.close());
  await connection.open(5000);
  expect(heard).toEqual([]);
  await connection.command(['PUBLISH', 'bl:{room}:bell', 'later']);
  await vi.waitFor(() => expect(heard).toEqual(['room: later']));
});
