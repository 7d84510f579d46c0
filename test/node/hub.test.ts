// A hub on files and on Redis: what it says, what it counts, and how it stops.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { Message } from 'busline/core';
import { openHub } from 'busline/node';
import type { Hub, HubLogger, HubOptions } from 'busline/node';
import { createLogger } from '../../src/node/hub/logger.ts';
import { Watch } from '../../src/node/hub/watch.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

let directory: string;
let lines: string[];
const hubs: Hub[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'busline-hub-'));
  lines = [];
});
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.close()));
  await rm(directory, { recursive: true, force: true });
});

const say =
  (level: string) =>
  (what: object, text: string): void =>
    void lines.push(`${level} ${text} ${JSON.stringify(what)}`);
const logger: HubLogger = { info: say('info'), warn: say('warn'), error: say('error') };

async function open(options: HubOptions = {}): Promise<Hub> {
  const hub = await openHub({ directory, redis: false, config: false, logger, ...options });
  hubs.push(hub);
  return hub;
}

describe('a hub on files', () => {
  test('has what one before it stored, and says that it works on files', async () => {
    const before = await open({ name: 'ada' });
    expect(before.mode).toBe('isolated');
    const message = await before.bus.send({ channelId: 'chat', content: 'hello' });
    expect(message.authorId).toBe('ada');
    expect(before.bus.status.getSnapshot()).toMatchObject({ host: 'process', durability: 'files' });
    await before.close();
    const after = await open();
    expect((await after.bus.history('chat')).map(({ content }) => content)).toEqual(['hello']);
    expect(lines[0]).toContain('info the hub works on files, because no Redis is set');
    expect(lines[0]).toContain(directory);
  });

  test('keeps 10 MB of a channel unless told otherwise', { timeout: 60_000 }, async () => {
    const megabyte = 'x'.repeat(900_000);
    const hub = await open();
    for (let n = 0; n < 20; n += 1) await hub.bus.send({ channelId: 'much', content: megabyte });
    await vi.waitFor(
      async () => {
        const [kept] = await hub.bus.admin.channels('much');
        expect(kept?.bytes).toBeLessThan(11_000_000);
        expect(kept).toMatchObject({ first: 10, head: 20 });
      },
      { timeout: 20_000 },
    );
  });

  test('gives its messages to adapters, and refuses what does not fit a schema', async () => {
    const seen: unknown[] = [];
    const adapter = { name: 'notes', onMessage: ({ content }: Message) => void seen.push(content) };
    const hub = await open({ adapters: [adapter], schemas: { numbers: z.number() } });
    await expect(hub.bus.send({ channelId: 'numbers', content: 'one' })).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
    });
    await hub.bus.send({ channelId: 'chat', content: 1 });
    await vi.waitFor(() => expect(seen).toEqual([1]));
  });

  test('is closed again if one of its adapters cannot be used', async () => {
    const adapter = { name: 'twice' };
    await expect(open({ adapters: [adapter, adapter] })).rejects.toMatchObject({ code: 'ADAPTER_EXISTS' });
    expect(lines.at(-1)).toContain('the hub is closed');
  });

  test('counts what happens', async () => {
    const hub = await open();
    hub.bus.subscribe('chat', () => {
      throw new Error('oh');
    });
    await hub.bus.send({ channelId: 'chat', content: 'hello' });
    await vi.waitFor(() => expect(hub.stats()['handlerErrors']).toBe(1));
    expect(hub.stats()).toMatchObject({ messages: 1, errors: 0, deadLetters: 0, outbox: 0 });
    expect(hub.stats()['bytes']).toBeGreaterThan(0);
    expect(lines.join('\n')).toContain('a handler threw: oh');
  });

  test('waits at its close for what a handler has in hand', async () => {
    const hub = await open();
    let [begun, ended] = [false, false];
    hub.bus.consume('jobs', { group: 'workers' }, async () => {
      begun = true;
      await new Promise((resolve) => setTimeout(resolve, 2500));
      ended = true;
    });
    await hub.bus.send({ channelId: 'jobs', content: 1 });
    await vi.waitFor(() => expect(begun).toBe(true), 5000);
    await hub.close();
    expect(ended).toBe(true);
    const after = await open();
    expect(await after.bus.admin.groups('jobs')).toMatchObject([{ pending: 0, lag: 0 }]);
  });

  test('leaves to others what is not done when it has waited long enough', async () => {
    const hub = await open({ closeWithin: 100 });
    let begun = 0;
    hub.bus.consume('jobs', { group: 'workers' }, () => {
      begun += 1;
      return new Promise(() => undefined);
    });
    await hub.bus.send({ channelId: 'jobs', content: 'left' });
    await vi.waitFor(() => expect(begun).toBe(1), 5000);
    await hub.close();
    const done: unknown[] = [];
    (await open()).bus.consume('jobs', { group: 'workers' }, ({ content }) => void done.push(content));
    await vi.waitFor(() => expect(done).toEqual(['left']), 10_000);
  });

  test('says which file came to harm, and gives what can be read', async () => {
    const before = await open();
    for (const content of ['spoilt', 'whole']) await before.bus.send({ channelId: 'chat', content });
    await before.close();
    const file = join(directory, 'channels', 'chat', '0000000001.log');
    await writeFile(file, (await readFile(file, 'utf8')).replace('spoilt', 'SPOILT'));
    lines = [];
    const after = await open();
    expect((await after.bus.history('chat')).map(({ content }) => content)).toEqual(['whole']);
    await vi.waitFor(() => expect(lines.join('\n')).toMatch(/^error .*0000000001\.log.*LOG_DAMAGED/m));
    expect(after.stats()['errors']).toBeGreaterThan(0);
  });

  test('says which folder cannot be used', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await expect(open({ directory: file })).rejects.toMatchObject({
      code: 'DIRECTORY_DENIED',
      message: expect.stringContaining(file) as string,
    });
  });

  test('is closed at the end of its block', async () => {
    let bus: Hub['bus'];
    {
      await using hub = await open();
      bus = hub.bus;
    }
    await expect(bus.send({ channelId: 'chat', content: 1 })).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('a hub on Redis', () => {
  const password = 'not to be seen';
  let redis: RedisServer;
  beforeAll(async () => (redis = await startRedis('--requirepass', password)));
  afterAll(() => redis.remove());

  test('shares its log with others, and says what is not as it should be', async () => {
    const [a, b] = await Promise.all([
      open({ redis: { url: redis.url, password } }),
      open({ redis: { url: redis.url, password } }),
    ]);
    expect(a.mode).toBe('distributed');
    expect(a.bus.status.getSnapshot().durability).toBe('redis');
    const got: unknown[] = [];
    await b.bus.subscribe('chat', ({ content }) => void got.push(content)).ready;
    await a.bus.send({ channelId: 'chat', content: 'hello' });
    await vi.waitFor(() => expect(got).toEqual(['hello']));
    await vi.waitFor(() => expect(b.stats()['messages']).toBe(1));
    const said = lines.join('\n');
    expect(said).toContain('info the hub works on Redis');
    expect(said).toMatch(/warn AOF is off/);
    for (const form of [password, encodeURIComponent(password)]) expect(said).not.toContain(form);
    expect(await readdir(directory)).toEqual([]);
  });

  test('is not opened where Redis will not have it, and tells no secret', async () => {
    const wrong = 'a wrong secret';
    const error = (await open({ redis: { url: redis.url, password: wrong } }).catch(
      (thrown: unknown) => thrown,
    )) as Error;
    expect(error).toMatchObject({ name: 'BusError', code: expect.stringMatching(/^REDIS_/) as string });
    expect(error.message).toMatch(/WRONGPASS|NOAUTH|password/i);
    expect(`${error.stack} ${lines.join()}`).not.toMatch(/a wrong secret|a%20wrong%20secret/);
  });

  test(
    'is not opened where there is none, unless files will do until the next start',
    { timeout: 60_000 },
    async () => {
      const away = { redis: { url: 'redis://:whisper@127.0.0.1:1' } };
      await expect(open(away)).rejects.toMatchObject({ code: 'REDIS_AWAY' });
      const hub = await open({ ...away, withoutRedis: 'files' });
      expect(hub.mode).toBe('isolated');
      await hub.bus.send({ channelId: 'chat', content: 1 });
      const said = lines.join('\n');
      expect(said).toContain('warn the hub works on files, because Redis does not answer');
      expect(said).toContain('redis://127.0.0.1:1');
      expect(said).not.toContain('whisper');
    },
  );
});

describe('what a hub logs', () => {
  test('is also what Redis has lost', () => {
    const watch = new Watch(logger);
    watch.lost({ channelId: 'chat', from: 3, to: 5 });
    expect(watch.counts['losses']).toBe(3);
    expect(lines).toEqual([
      'error Redis came back without messages that it had acknowledged {"channelId":"chat","from":3,"to":5}',
    ]);
  });

  test('is a line of JSON with level, time and name, and no secret in any form', () => {
    const secret = 'q"u ote';
    const written: string[] = [];
    const log = createLogger({ level: 'info', name: 'h', secrets: [secret], write: (line) => void written.push(line) });
    log.warn(
      { where: `redis://:${encodeURIComponent(secret)}@there`, password: 'x', redis: { url: 'y' } },
      `it is ${secret}`,
    );
    const [line] = written.map((text) => JSON.parse(text) as object);
    expect(line).toMatchObject({
      level: 'warn',
      name: 'h',
      where: 'redis://:***@there',
      password: '***',
      redis: { url: '***' },
      msg: 'it is ***',
    });
    expect(line).toHaveProperty('time', expect.stringMatching(/^20\d\d-/));
  });

  test('is as much as its level says', () => {
    const written: string[] = [];
    const log = createLogger({ level: 'error', name: 'h', secrets: [], write: (line) => void written.push(line) });
    log.warn({}, 'no');
    log.error({}, 'yes');
    expect(written.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['yes']);
  });
});
