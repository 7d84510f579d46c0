// What a hub runs with, wherever it was set; and all that is wrong at once.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isBusError } from 'busline/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRedisAddress, secretsOf, shownAddress, withPassword } from '../../src/node/hub/redis-address.ts';
import { readSettings } from '../../src/node/hub/settings.ts';
import type { Settings, Sources } from '../../src/node/hub/settings.ts';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'busline-settings-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const read = (sources: Partial<Sources> = {}): Settings =>
  readSettings({ argument: {}, environment: {}, config: false, folder, ...sources });

/** What is said to be wrong, line by line. */
function problems(sources: Partial<Sources>): readonly string[] {
  try {
    read(sources);
  } catch (error) {
    if (!isBusError(error)) throw error;
    expect(error.code).toBe('INVALID_SETTINGS');
    return [...error.message.matchAll(/^ {2}(.*)$/gm)].map(([, line = '']) => line);
  }
  return [];
}

describe('an address', () => {
  test.each([
    ['redis://there', true],
    ['rediss://me:pw@there:7000/3', true],
    ['redis://[::1]:6379', true],
    ['redis+sentinel://:pw@a:1,b:2/main/3', true],
    ['redis+sentinel://a:1,b:2', false],
    ['redis+cluster://me:pw@a:1,[::1]:2', true],
    ['redis+cluster://a:1,b:port', false],
    ['redis://a:1,b:2', false],
    ['redis://', false],
    ['redis://there:port', false],
    ['http://there', false],
    ['there', false],
  ])('%s may be one: %s', (address, is) => expect(isRedisAddress(address)).toBe(is));

  test('takes a password, and is shown without it and without the user', () => {
    const address = withPassword('redis+sentinel://me@a:1,b:2/main/3', 'p@ss:/');
    expect(address).toBe('redis+sentinel://me:p%40ss%3A%2F@a:1,b:2/main/3');
    expect(shownAddress(address)).toBe('redis+sentinel://a:1,b:2/main/3');
    expect(secretsOf(address)).toEqual(['p%40ss%3A%2F', 'p@ss:/']);
    expect(shownAddress(withPassword('redis+cluster://me@a:1,b:2', 'secret'))).toBe('redis+cluster://a:1,b:2');
    expect(shownAddress('redis://me:raw@pass@there/1?password=x')).toBe('redis://there/1');
  });
});

describe('settings', () => {
  test('are the defaults where nothing is set', () => {
    expect(read()).toEqual({
      name: 'hub',
      directory: join(folder, '.busline'),
      redis: undefined,
      withoutRedis: 'fail',
      retention: undefined,
      logLevel: 'info',
      closeWithin: 10_000,
      secrets: [],
    });
  });

  test('come from the argument before the environment, from there before the file', () => {
    const config = write(
      'order.json',
      '{ "name": "file", "directory": "from-file", "logLevel": "debug", "closeWithin": 5 }',
    );
    const environment = { BUSLINE_NAME: 'environment', BUSLINE_DIR: 'from-environment' };
    expect(read({ argument: { name: 'argument' }, environment, config })).toMatchObject({
      name: 'argument',
      directory: join(folder, 'from-environment'),
      logLevel: 'debug',
      closeWithin: 5,
    });
  });

  test('of the file are read where it lies, by its name or by that in the environment', () => {
    const here = write('busline.config.json', '{ "name": "lies here" }');
    expect(read({ config: undefined }).name).toBe('lies here');
    expect(read({ config: undefined, environment: { BUSLINE_CONFIG: here } }).name).toBe('lies here');
    expect(read().name).toBe('hub');
    rmSync(join(folder, here));
    expect(read({ config: undefined }).name).toBe('hub');
  });

  test('of Redis may come from several places', () => {
    const config = write('redis.json', '{ "redis": { "url": "redis://file:6379", "deadline": 100 } }');
    const settings = read({ config, environment: { REDIS_URL: 'redis://there', REDIS_PASSWORD: 'a/b:c@d%' } });
    expect(settings.redis).toEqual({ url: 'redis://:a%2Fb%3Ac%40d%25@there', deadline: 100, recheck: 2000 });
    expect(settings.secrets).toContain('a/b:c@d%');
    expect(read({ argument: { redis: false }, config }).redis).toBe(undefined);
  });

  test('leave a password alone that stands in the address', () => {
    const environment = { REDIS_URL: 'redis://me:mine@there', REDIS_PASSWORD: 'other' };
    expect(read({ environment }).redis?.url).toBe('redis://me:mine@there');
  });

  test('that are secret may stand in files', () => {
    write('password', 'from a file\n');
    write('url', 'rediss://there:7000/3\n');
    const environment = { REDIS_URL_FILE: 'url', REDIS_PASSWORD_FILE: 'password' };
    expect(read({ environment }).redis?.url).toBe('rediss://:from%20a%20file@there:7000/3');
  });

  test('that are wrong are told all at once, each by its place, and none is shown', () => {
    const config = write('wrong.json', '{ "redis": { "url": "hidden" }, "retension": 1, "name": "" }');
    const argument = { directry: 'x', retention: { count: -1, ages: 1 }, closeWithin: 'soon', server: { port: 1 } };
    const environment = { BUSLINE_LOG_LEVEL: 'loud', REDIS_URL: 'http://secret@there', REDIS_PASSWORD_FILE: 'nowhere' };
    const told = problems({ argument, environment, config, others: ['logger'] });
    expect(told.map((line) => line.replace(/ENOENT.*/, 'ENOENT'))).toEqual([
      'retention.count: must be above zero',
      'retention.ages: is unknown; did you mean "age"?',
      'closeWithin: must be a number',
      'directry: is unknown; did you mean "directory"?',
      'server: is not there in this version: a hub does not listen for browsers yet',
      'REDIS_PASSWORD_FILE: cannot be read: ENOENT',
      'REDIS_URL: must begin with redis://, rediss://, redis+sentinel:// or redis+cluster:// and name what is there',
      'BUSLINE_LOG_LEVEL: must be one of trace, debug, info, warn, error, fatal, silent',
      'wrong.json: name: must not be empty',
      'wrong.json: redis.url: must begin with redis://, rediss://, redis+sentinel:// or redis+cluster:// and name what is there',
      'wrong.json: retension: is unknown; did you mean "retention"?',
    ]);
    expect(told.join()).not.toMatch(/hidden|secret|loud|soon/);
  });

  test('name what there is where nothing is near', () => {
    expect(problems({ argument: { redis: { zzzzzzzz: 1 } } })).toEqual([
      'redis.zzzzzzzz: is unknown; there are url, password, deadline, recheck',
    ]);
  });

  test('name no database of a cluster but the one that it has', () => {
    const said = 'redis.url: must not name a database, which a cluster has not';
    expect(problems({ argument: { redis: { url: 'redis+cluster://a:1,b:2/3' } } })).toEqual([said]);
    for (const url of ['redis+cluster://a:1,b:2', 'redis+cluster://a:1,b:2/', 'redis+cluster://a:1/0'])
      expect(read({ argument: { redis: { url } } }).redis?.url).toBe(url);
  });

  test('need an address where anything else of Redis is set', () => {
    expect(problems({ environment: { REDIS_PASSWORD: 'x' } })).toEqual([
      'redis.url: is missing, though something else is set for Redis; set it, or REDIS_URL',
    ]);
  });

  test('are not both in a variable and in a file', () => {
    write('url', 'redis://there');
    expect(problems({ environment: { REDIS_URL: 'redis://here', REDIS_URL_FILE: 'url' } })).toEqual([
      'REDIS_URL_FILE: is given, and REDIS_URL too; leave one of them out',
    ]);
  });

  test('are no secret that a broken file gives away', () => {
    const config = write('broken.json', '{\n  "redis": { "url": "redis://:hush@there" },,\n}');
    const told = problems({ config });
    expect(told).toEqual(['broken.json: is not JSON (line 2)']);
    expect(problems({ config: 'nowhere.json' })).toEqual(['nowhere.json: cannot be read: there is no such file']);
    expect(problems({ argument: [] as object })).toEqual(['options: must be an object']);
  });
});
