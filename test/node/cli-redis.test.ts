// The command line on Redis: shared, refused, away, and without the package that speaks to it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openHub } from 'busline/node';
import { buildCli, Command, run } from './cli-process.ts';
import type { Cli, CliOptions, Ended } from './cli-process.ts';
import { startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

const password = 's3cret/with:signs@%';
const wrong = 'not-the-one';
let cli: Cli;
let redis: RedisServer;
let cwd: string;
const started: Command[] = [];
const all: Ended[] = [];
beforeAll(async () => {
  [cli, redis] = await Promise.all([buildCli(), startRedis('--requirepass', password)]);
}, 60_000);
afterAll(() => Promise.all([cli.remove(), redis.remove()]));
beforeEach(async () => (cwd = await mkdtemp(join(tmpdir(), 'busline-cli-'))));
afterEach(async () => {
  await Promise.all(started.splice(0).map((command) => command.kill()));
  await rm(cwd, { recursive: true, force: true });
});

const here = (more: CliOptions['env'] = {}): CliOptions => ({
  cwd,
  env: { REDIS_URL: redis.url, REDIS_PASSWORD: password, ...more },
});

async function busline(words: readonly string[], options: CliOptions = here(), by: Cli = cli): Promise<Ended> {
  const ended = await run(by, words, options);
  all.push(ended);
  return ended;
}

function start(words: readonly string[], options: CliOptions = here()): Command {
  const command = new Command(cli, words, options);
  started.push(command);
  void command.ended.then((ended) => all.push(ended));
  return command;
}

describe('on Redis', () => {
  test('processes share channels, groups and dead letters', async () => {
    const reader = start(['tail', 'jobs', '--from', 'earliest']);
    expect((await busline(['send', 'jobs', 'one'])).code).toBe(0);
    await reader.until(() => reader.out === '1 cli: one\n');
    const hub = await openHub({ config: false, redis: { url: redis.url, password }, logLevel: 'silent' });
    const failing = hub.bus.consume('jobs', { group: 'workers', maxAttempts: 1 }, () => {
      throw new Error('no paper');
    });
    await vi.waitFor(async () => expect((await hub.bus.admin.deadLetters()).length).toBe(1), 5000);
    expect((await busline(['groups', '--json'])).out).toContain('"members":1');
    expect((await busline(['dead', 'list'])).out).toContain('no paper');
    await failing.close();
    expect((await busline(['dead', 'redrive'])).out).toBe('1 given back\n');
    const status = await busline(['status']);
    expect(status.out).toContain(`distributed: redis ${redis.url}`);
    await hub.close();
    reader.signal('SIGTERM');
    expect((await reader.ended).code).toBe(0);
  });

  test('the password may stand in a file, and the address on the command', async () => {
    await writeFile(join(cwd, 'password'), `${password}\n`);
    const options = { cwd, env: { REDIS_PASSWORD_FILE: 'password' } };
    expect((await busline(['send', 'chat', 'x', '--redis', redis.url], options)).code).toBe(0);
    expect((await busline(['send', 'chat', 'x', '--no-redis'], here())).out).toBe('chat 1\n');
  });

  test('the doctor says what is well and what is not', async () => {
    const { code, out } = await busline(['doctor']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Redis \\d+\\.\\S+ answers at ${redis.url}\\.`));
    expect(out).toMatch(/ok {7}redis 6\.\S+, the package/);
    expect(out).toContain('The clocks of Redis and of this machine agree.');
    expect(out).toMatch(/warning {2}AOF is off.*\n +→ Set "appendonly yes"/);
  });

  test('speed is measured and nothing stays', async () => {
    expect((await busline(['bench', '--messages', '300'])).out).toMatch(/^\d+ messages a second/);
    const { channels } = JSON.parse((await busline(['status', 'busline-bench:*', '--json'])).out) as {
      channels: readonly { readonly first: number; readonly head: number }[];
    };
    for (const { first, head } of channels) expect(head - first).toBeLessThanOrEqual(0);
  });
});

describe('a hub that is stopped', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by a second %s does not wait for a Redis that does not answer', async (signal, code) => {
    const hub = start(['hub', 'start']);
    await hub.until(() => hub.err.includes('the hub works on Redis'));
    redis.signal('SIGSTOP');
    try {
      hub.signal(signal);
      await hub.until(() => hub.err.includes('the hub is closing'));
      const again = setInterval(() => hub.signal(signal), 20);
      expect((await hub.ended.finally(() => clearInterval(again))).code).toBe(code);
      expect(hub.err).not.toContain('the hub is closed');
    } finally {
      redis.signal('SIGCONT');
    }
  });

  test('once ends in time, though Redis does not answer', async () => {
    const hub = start(['hub', 'start']);
    await hub.until(() => hub.err.includes('the hub works on Redis'));
    redis.signal('SIGSTOP');
    try {
      hub.signal('SIGTERM');
      expect((await hub.ended).code).toBe(0);
    } finally {
      redis.signal('SIGCONT');
    }
  });
});

describe('without a Redis that can be used', () => {
  test('a wrong password is told, and what to do', async () => {
    for (const words of [['status'], ['send', 'chat', 'x', '--verbose'], ['hub', 'start', '--log-level', 'trace']]) {
      const { code, out, err } = await busline(words, here({ REDIS_PASSWORD: wrong }));
      expect([words, code, out]).toEqual([words, 1, '']);
      expect(err).toMatch(/WRONGPASS|password/i);
      expect(err).toMatch(/\[REDIS_\w+\]/);
    }
    const doctor = await busline(['doctor'], here({ REDIS_PASSWORD: wrong }));
    expect(doctor.code).toBe(1);
    expect(doctor.out).toMatch(/problem {2}Redis at .* cannot be used: .*WRONGPASS.*\n +→ Redis does not let us in/);
  });

  test('its absence is told, and what to do', { timeout: 60_000 }, async () => {
    const nowhere = here({ REDIS_URL: `redis://:${wrong}@127.0.0.1:1` });
    const { code, err } = await busline(['status', '--verbose'], nowhere);
    expect(code).toBe(1);
    expect(err).toContain('[REDIS_AWAY]');
    expect(err).toContain('→ Redis does not answer');
    const doctor = await busline(['doctor', '--json'], nowhere);
    expect(doctor.code).toBe(1);
    expect(doctor.out).toContain('"level":"problem","what":"Redis at redis://127.0.0.1:1 cannot be used');
    const hub = await busline(['hub', 'start'], nowhere);
    expect(hub.code).toBe(1);
  });

  test('files will do where that is set', { timeout: 60_000 }, async () => {
    await writeFile(join(cwd, 'busline.config.json'), '{ "withoutRedis": "files" }');
    const nowhere = here({ REDIS_URL: 'redis://127.0.0.1:1' });
    const { code, out, err } = await busline(['send', 'chat', 'x', '--log-level', 'warn'], nowhere);
    expect([code, out]).toEqual([0, 'chat 1\n']);
    expect(JSON.parse(err)).toMatchObject({ level: 'warn', mode: 'isolated' });
  });

  test('a missing package is told, with what installs it; on files nothing is missing', async () => {
    const lonely = await buildCli(join(tmpdir(), 'busline-lonely-'));
    try {
      const { code, out, err } = await busline(['status'], here(), lonely);
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain('[REDIS_NOT_INSTALLED]');
      expect(err).toContain('npm install redis');
      expect((await busline(['doctor'], here(), lonely)).out).toContain('npm install redis');
      expect((await busline(['send', 'chat', 'x', '--no-redis'], here(), lonely)).out).toBe('chat 1\n');
    } finally {
      await lonely.remove();
    }
  });
});

test('no secret was printed by any of these commands', () => {
  expect(all.length).toBeGreaterThan(20);
  const forms = [password, wrong].flatMap((secret) => [secret, encodeURIComponent(secret)]);
  const leaks = all.flatMap(({ out, err }) => forms.filter((form) => `${out}${err}`.includes(form)));
  expect(leaks).toEqual([]);
});
