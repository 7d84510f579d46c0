// What the built files must be, whatever the source looks like: run after `npm run build`.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firstLoad, importsOf } from '../../scripts/import-graph.mjs';

if (!existsSync('dist/index.js')) throw new Error('There is no dist: run npm run build');

const read = (file: string): string => readFileSync(file, 'utf8');
/** The source files that ended up in a built file, from its map; one without a map only passes names on. */
const sourcesOf = (file: string): string[] =>
  existsSync(`${file}.map`) ? (JSON.parse(read(`${file}.map`)) as { sources: string[] }).sources : [];

describe('the page entry', () => {
  const { files, bare } = firstLoad('dist/index.js');

  test('imports no package and nothing of Node', () => expect(bare).toEqual([]));

  test('holds only core, protocol and the page side of the browser folder', () => {
    const sources = files.flatMap(sourcesOf);
    expect(sources).not.toEqual([]);
    const foreign = /node_modules|\/src\/(socket|node|cli|testing)\/|\/browser\/(worker|start-host|indexeddb-log)\.ts$/;
    expect(sources.filter((source) => foreign.test(source))).toEqual([]);
  });

  test('makes its SharedWorker by the literal that bundlers look for, beside worker.js', () => {
    const literal =
      /new SharedWorker\(\s*new URL\(\s*(['"])\.\/worker\.js\1\s*,\s*import\.meta\.url\s*\)\s*,\s*\{\s*type:\s*(['"])module\2\s*,\s*name\b/;
    expect(files.filter((file) => literal.test(read(file)))).toHaveLength(1);
    expect(existsSync('dist/worker.js')).toBe(true);
  });
});

describe.each(['dist/worker.js', 'dist/start-host.js'])('%s', (file) => {
  test('is self-contained', () => expect(importsOf(file)).toEqual([]));
});

describe.each([
  ['dist/core.js', /node_modules|\/src\/(?!core|protocol|testing)/],
  // The host of a test bus is as every host: it checks frames by zod, and answers rare calls by comlink.
  ['dist/testing.js', /node_modules\/(?!zod\/|comlink\/)|\/src\/(?!core|protocol|testing)/],
])('%s', (file, foreign) => {
  test('runs anywhere: no package, nothing of Node, nothing of the browser folder', () => {
    const { files, bare } = firstLoad(file);
    expect(bare).toEqual([]);
    expect(files.flatMap(sourcesOf).filter((source) => foreign.test(source))).toEqual([]);
  });
});

describe.each(['dist/node.js', 'dist/cli.js'])('%s', (file) => {
  test('imports nothing but what Node has', () => {
    expect(firstLoad(file).bare.filter((name) => !name.startsWith('node:'))).toEqual([]);
  });
});

describe('the declarations of the node entry', () => {
  test('need no package', () => {
    const files = new Set(['dist/types/node/index.d.ts']);
    const packages: string[] = [];
    for (const file of files) {
      for (const [, name = ''] of read(file).matchAll(/\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
        if (name.startsWith('.')) files.add(join(file, '..', name.replace(/\.(?:ts|js)$/, '.d.ts')));
        else packages.push(name);
      }
    }
    expect(files.size).toBeGreaterThan(10);
    expect(packages).toEqual([]);
  });
});

describe('the package, installed in an empty folder', { timeout: 120_000 }, () => {
  const execute = promisify(execFile);
  let folder: string;
  const here = { env: { ...process.env, NO_COLOR: '1', REDIS_URL: '', BUSLINE_DIR: '' } };
  const run = async (file: string, ...args: string[]): Promise<string> =>
    (await execute(file, args, { ...here, cwd: folder })).stdout;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'busline-installed-'));
    // Not built again: it is what was built that is looked at.
    const packing = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
    const { stdout } = await execute('npm', packing);
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
    await run('npm', 'init', '--yes');
    await run('npm', 'install', '--offline', '--no-audit', '--no-fund', join(folder, filename));
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('has the command line, which works on files', async () => {
    expect(await run('npx', 'busline', '--help')).toContain('busline send chat "hello"');
    expect(await run('npx', 'busline', '--version')).toBe(
      `${(JSON.parse(read('package.json')) as { version: string }).version}\n`,
    );
    expect(await run('npx', 'busline', 'send', 'chat', 'hello')).toBe('chat 1\n');
    expect(await run('npx', 'busline', 'history', 'chat')).toBe('1 cli: hello\n');
  });

  test('has a hub that needs no Redis, and says what is missing where one is set', async () => {
    const program = `
      import { openHub, RedisLog } from 'busline/node';
      const hub = await openHub({ directory: 'own', logLevel: 'silent' });
      console.log((await hub.bus.send({ channelId: 'chat', content: 1 })).offset, hub.mode);
      await hub.close();
      await RedisLog.open({ url: 'redis://127.0.0.1:1' }).catch(({ code }) => console.log(code));`;
    expect(await run('node', '--input-type=module', '-e', program)).toBe('1 isolated\nREDIS_NOT_INSTALLED\n');
  });

  test('finds the client of Redis beside it', async () => {
    await mkdir(join(folder, 'node_modules'), { recursive: true });
    await symlink(resolve('node_modules/redis'), join(folder, 'node_modules/redis'));
    const failed = (await run('npx', 'busline', 'doctor', '--redis', 'redis://127.0.0.1:1').catch(
      (error: unknown) => error,
    )) as {
      stdout: string;
    };
    expect(failed.stdout).toContain('Redis at redis://127.0.0.1:1 cannot be used: ');
  });
});
