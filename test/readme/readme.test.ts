// What README.md and docs/ say is so: every sample compiles, those for Node run and print what they say, links lead
// somewhere, and the tables agree with the code. The samples for pages run in e2e/readme-samples.spec.ts.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { MessageBusCore } from 'busline/core';
import * as testing from 'busline/testing';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Command } from 'commander';
import { z } from 'zod';
import { createProgram } from '../../src/cli/program.ts';
import { maxBlockMessages, maxBlockSize, maxMessageBytes } from '../../src/core/block.ts';
import { advice } from '../../src/core/errors.ts';
import { rememberedPushes } from '../../src/core/ledger.ts';
import { hubAdvice } from '../../src/node/hub-error.ts';
import { defaults, variables } from '../../src/node/hub/settings-options.ts';
import { settingsSchema } from '../../src/node/hub/settings-schema.ts';
import { commonKinds, groupKeysOf, keysOf, processKey } from '../../src/node/redis-log/keys.ts';
import { allPrograms, documents, printedBy, fencesOf, proseOf, root, slug } from './samples.ts';

const all = documents();
const programs = allPrograms();
const readme = all.find(({ path }) => path === 'README.md')?.text ?? '';
const details = all.flatMap(({ path, text }) => (path === 'README.md' ? [] : [text])).join('\n');
const api = readFileSync(`${root}src/core/message-bus.ts`, 'utf8');
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly dependencies?: object;
};

mkdirSync(`${root}test-results`, { recursive: true });
const folder = mkdtempSync(`${root}test-results/samples-`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** What a heading of this name holds, up to the next heading of its level or above. */
function section(text: string, heading: string): string {
  const start = text.indexOf(`\n${heading}\n`);
  const level = heading.indexOf(' ');
  const rest = text.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  return start < 0 ? '' : rest.slice(0, end < 0 ? undefined : end);
}

/** The cells of a table's rows, without its head. */
function rowsOf(text: string): readonly (readonly string[])[] {
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .replace(/^\|\s*|\s*\|$/g, '')
      .split(/\s*\|\s*/)
      .map((cell) => cell.replaceAll('\\*', '*')),
  );
}

/** The members of an interface of the public API. */
function membersOf(name: string): readonly string[] {
  const [, body = ''] = new RegExp(`^export interface ${name}\\b[^\\n]*\\{\\n(.*?)^\\}`, 'ms').exec(api) ?? [];
  const members = [...body.matchAll(/^  (?:readonly )?(\w+)\??[<(:]/gm)].map(([, member = '']) => member);
  if (members.length === 0) throw new Error(`there is no interface ${name}`);
  return members;
}

interface SchemaNode {
  readonly description?: string;
  readonly properties?: { readonly [name: string]: SchemaNode };
  readonly anyOf?: readonly SchemaNode[];
}

/** Every setting that a schema has, by its path. */
function settingsIn(node: SchemaNode, path = ''): readonly { readonly path: string; readonly description: string }[] {
  const { properties = node.anyOf?.find((one) => one.properties !== undefined)?.properties, description = '' } = node;
  if (properties === undefined) return [{ path, description }];
  return Object.entries(properties).flatMap(([name, below]) =>
    settingsIn(below, path === '' ? name : `${path}.${name}`),
  );
}

function everyOf(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(everyOf)];
}

/** The commands that do something, with the names of their options. */
function leavesOf(
  command: Command,
  before: readonly string[] = [],
): readonly { path: string; options: readonly string[] }[] {
  if (command.commands.length > 0)
    return command.commands.flatMap((below) => leavesOf(below, [...before, below.name()]));
  return [{ path: before.join(' '), options: command.options.flatMap(({ long }) => long ?? []) }];
}

describe('the samples', () => {
  test('are all of a kind that runs somewhere', () => {
    const fences = all.flatMap(fencesOf);
    expect(fences.filter(({ language }) => !['ts', 'sh', 'json'].includes(language))).toEqual([]);
    const code = fences.filter(({ language }) => language === 'ts');
    expect(code.length).toBeGreaterThan(20);
    for (const { code: sample } of code) expect(programs.some((program) => program.code.includes(sample))).toBe(true);
  });

  test('of workers are started by a page sample of their section', () => {
    for (const { name } of programs.filter(({ kind }) => kind === 'worker')) {
      const page = programs.find((other) => other.name === join(dirname(name), 'page'));
      expect(page?.code).toContain(`new URL('./${name.split('/').at(-1)}.ts', import.meta.url)`);
    }
  });

  test('compile as a user would write them', { timeout: 60_000 }, async () => {
    const types = join(folder, 'types');
    for (const { name, code } of programs) write(join(types, `${name}.ts`), `${code}\nexport {};\n`);
    // A section goes on from the first lines of its page, and need not use all that they name.
    const compilerOptions = { noUnusedLocals: false };
    const extended = { extends: '../../../tsconfig.json', compilerOptions, include: ['.'] };
    write(join(types, 'tsconfig.json'), JSON.stringify(extended));
    const args = [`${root}node_modules/typescript/bin/tsc`, '-p', types, '--pretty', 'false'];
    const output = await new Promise((resolve) => {
      execFile(process.execPath, args, { cwd: types }, (error, stdout) => resolve(error === null ? '' : stdout));
    });
    expect(output).toBe('');
  });

  // A hub of a sample works in a folder of its own, and says nothing.
  beforeEach(() => {
    vi.stubEnv('BUSLINE_DIR', mkdtempSync(join(folder, 'hub-')));
    vi.stubEnv('BUSLINE_LOG_LEVEL', 'silent');
    for (const name of ['BUSLINE_NAME', 'BUSLINE_CONFIG', 'REDIS_URL', 'REDIS_PASSWORD']) vi.stubEnv(name, '');
  });
  afterEach(() => void vi.unstubAllEnvs());

  const inNode = programs.filter(({ kind }) => kind === 'core');
  test.each(inNode.map((program) => [program.name, program] as const))(
    '%s prints what it says',
    async (name, program) => {
      const calls: [string, unknown[]][] = [];
      globalThis.said = (id, ...values) => void calls.push([id, values]);
      await import(write(join(folder, `${name}.ts`), program.telling));
      const printed = (): unknown => printedBy(program, calls);
      const promised = program.promised.map(({ text }) => text);
      await vi.waitFor(() => expect(printed()).toEqual(promised), { timeout: 4000 });
      // Nothing more comes after it.
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(printed()).toEqual(promised);
    },
  );
});

// These register tests of their own.
for (const { name, telling } of programs.filter(({ kind }) => kind === 'test')) {
  const file = write(join(folder, `${name}.ts`), telling);
  describe(`the sample ${name}`, async () => {
    await import(file);
  });
}

describe('the links', () => {
  const links = all.flatMap((document) =>
    [...proseOf(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ from: document.path, target })),
  );

  function leadsSomewhere(from: string, target: string): boolean {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? from : normalize(join(dirname(from), path));
    if (!existsSync(root + file)) return false;
    if (anchor === undefined) return true;
    const headings = proseOf({ path: file, text: readFileSync(root + file, 'utf8') }).matchAll(/^#+ (.+)$/gm);
    return [...headings].some(([, heading = '']) => slug(heading) === anchor);
  }

  test('lead to files and headings that are there', () => {
    const relative = links.filter(({ target }) => !/^https?:/.test(target));
    expect(relative.length).toBeGreaterThan(20);
    expect(relative.filter(({ from, target }) => !leadsSomewhere(from, target))).toEqual([]);
  });

  test('reach every file in docs/', () => {
    const others = all.filter(({ path }) => path !== 'README.md');
    expect(others.filter(({ path }) => !readme.includes(`](${path}`))).toEqual([]);
  });
});

describe('the tables', () => {
  test('of errors has every code, with the advice that the error gives', () => {
    const rows = rowsOf(section(readme, '## Errors'));
    const said = Object.fromEntries(rows.map(([code = '', , what]) => [code.replaceAll('`', ''), what]));
    const plain = (text: string): string => text.replaceAll('`', '');
    expect(Object.keys(said).map((code) => [code, plain(said[code] ?? '')])).toEqual(
      Object.entries(advice).map(([code, text]) => [code, plain(text)]),
    );
    expect(rows.every(([, means = '']) => means.length > 20)).toBe(true);
  });

  test('of acknowledgements has every one', () => {
    const rows = rowsOf(section(readme, '### Acknowledgements'));
    expect(rows.map(([ack = '']) => ack.replaceAll('`', '').replace(' (default)', ''))).toEqual([
      'stored',
      'flushed',
      'synced',
    ]);
  });

  test('of limits has the numbers of the code', () => {
    const limits = section(readme, '## Limits');
    for (const text of [
      `${maxMessageBytes / 1000} kB as JSON`,
      `${maxBlockMessages} messages or ${maxBlockSize / 1024} kB`,
      `| ${rememberedPushes}; what is sent meanwhile`,
    ]) {
      expect(limits).toContain(text);
    }
    const bus = new MessageBusCore();
    expect(limits).toContain('256 bytes in UTF-8');
    expect(() => bus.channel('é'.repeat(128))).not.toThrow();
    expect(() => bus.channel(`${'é'.repeat(128)}a`)).toThrow(/INVALID_CHANNEL/);
  });

  test('of text fields has the number of the code', async () => {
    const bus = new MessageBusCore();
    expect(section(readme, '## Limits')).toContain('4096 characters');
    await bus.send({ channelId: 'a', content: 1, topic: 'x'.repeat(4096) });
    await expect(bus.send({ channelId: 'a', content: 1, topic: 'x'.repeat(4097) })).rejects.toThrow(/INVALID_INPUT/);
  });

  test('of entries has every entry', () => {
    const entries = rowsOf(section(readme, '## API'))
      .map(([entry = '']) => entry.replaceAll('`', ''))
      .filter((entry) => entry.startsWith(manifest.name));
    const published = Object.keys(manifest.exports).map((entry) => entry.replace('.', manifest.name));
    expect(entries).toEqual(published.filter((entry) => entry !== `${manifest.name}/package.json`));
  });
});

describe('what is said of a hub', () => {
  const hub = all.find(({ path }) => path === 'docs/hub.md');
  const text = hub?.text ?? '';
  const plain = (cell = ''): string => cell.replaceAll('`', '');

  test('has every setting of the schema, with its meaning, its variables and its default', () => {
    const byVariable = Object.entries(variables).map(
      ([name, { path, secret }]) => [path.join('.'), secret ? `${name}, ${name}_FILE` : name] as const,
    );
    const said = rowsOf(section(text, '## Settings')).map(([name, variable, preset, meaning]) => [
      plain(name),
      plain(variable),
      plain(preset).replace(' on files', '').replaceAll(',', ''),
      meaning,
    ]);
    const presets: { readonly [name: string]: string | number } = {
      ...defaults,
      bytes: `${defaults.bytes / 1024 / 1024} MB`,
    };
    const known = settingsIn(z.toJSONSchema(settingsSchema) as SchemaNode).map(({ path, description }) => [
      path,
      byVariable.find(([of]) => of === path)?.[1] ?? '',
      String(presets[path.split('.').at(-1) ?? ''] ?? ''),
      description,
    ]);
    expect(said).toEqual(known);
  });

  test('in files of settings is what the schema takes', () => {
    const files = hub === undefined ? [] : fencesOf(hub).filter(({ language }) => language === 'json');
    expect(files.length).toBeGreaterThan(0);
    for (const { code } of files) expect(settingsSchema.safeParse(JSON.parse(code))).toMatchObject({ success: true });
  });

  test('has every error, with the advice that it gives', () => {
    const rows = rowsOf(section(text, '## Errors of a hub'));
    expect(rows.map(([code, , what]) => [plain(code), plain(what)])).toEqual(
      Object.entries(hubAdvice).map(([code, what]) => [code, plain(what)]),
    );
    expect(rows.every(([, means = '']) => means.length > 20)).toBe(true);
  });

  test('has every key in Redis', () => {
    const keys = [...Object.values(keysOf('chat')), ...commonKinds.map(([key]) => key), processKey('*')];
    const said = section(text, '## In Redis');
    expect(keys.filter((key) => !said.includes(`\`${key}\``))).toEqual([]);
    expect(said).toContain(`\`${groupKeysOf('chat', 'workers')[0]}\``);
  });

  test('has every command and option', () => {
    const commands = leavesOf(createProgram());
    const [own = [], common = []] = ['busline send chat "hello"', 'All of them take:'].map((from) =>
      rowsOf(
        text
          .slice(text.indexOf(from), text.indexOf(from) + 5000)
          .replace(/All of them take:.*/s, (rest) => (from.startsWith('All') ? rest : '')),
      ),
    );
    const shared = common.flatMap(([option = '']) => [...option.matchAll(/--[\w-]+/g)].map(([name]) => name));
    expect(own.map(([name]) => plain(name).replace(/ [A-Z[].*/, ''))).toEqual(commands.map(({ path }) => path));
    for (const [at, { options }] of commands.entries())
      expect([...(own[at]?.[2] ?? '').matchAll(/--[\w-]+/g)].map(([name]) => name)).toEqual(
        options.filter((name) => !shared.includes(name)),
      );
    for (const { options } of commands) expect(options).toEqual(expect.arrayContaining(shared));
  });

  test('on a command line is what the command line takes', () => {
    const lines = all
      .flatMap(fencesOf)
      .flatMap(({ language, code }) => (language === 'sh' ? code.trim().split('\n') : []))
      .filter((line) => /^(npx )?busline /.test(line));
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
      const ran: string[] = [];
      const program = createProgram();
      for (const command of everyOf(program))
        command.action(() => void ran.push(command.name())).configureOutput({ writeErr: () => undefined });
      program.parse(words.slice(words.indexOf('busline') + 1), { from: 'user' });
      expect([line, ran.length]).toEqual([line, 1]);
    }
  });
});

describe('what is said', () => {
  test('of the API names every member of a bus, and every option', () => {
    const missing = (interfaces: readonly string[]): readonly string[] =>
      interfaces.flatMap((name) => membersOf(name)).filter((member) => !new RegExp(`\\b${member}\\b`).test(details));
    expect(missing(['PlainVerbs', 'MessageBus', 'Admin', 'Adapter', 'Attempt', 'Consumer', 'BusStatus'])).toEqual([]);
    expect(missing(['ConsumeOptions', 'Backoff', 'LiveOptions', 'RequestOptions', 'RespondOptions'])).toEqual([]);
    expect(missing(['LiveView', 'Member', 'MessageStream', 'ReadableMessage', 'GroupInfo', 'DeadLetter'])).toEqual([]);
  });

  test('of events has every one', () => {
    const events = rowsOf(section(details, '## Status and events')).map(([event = '']) => event.replaceAll('`', ''));
    expect(events).toEqual(expect.arrayContaining([...membersOf('BusEvents')]));
  });

  test('of what can be tested names every suite', () => {
    const suites = Object.keys(testing).filter((name) => name.startsWith('test'));
    expect(suites.filter((name) => !readme.includes(`\`${name}\``) || !details.includes(`${name}(`))).toEqual([]);
  });

  test('of defaults has the numbers of the code', () => {
    const number = (file: string, name: string): number => {
      const source = readFileSync(`${root}src/core/${file}.ts`, 'utf8');
      return Number(new RegExp(`\\b${name} = ([\\d_]+)`).exec(source)?.[1]?.replaceAll('_', ''));
    };
    const agents = all.find(({ path }) => path === 'docs/agents.md')?.text ?? '';
    const rows = [...rowsOf(section(agents, '## Groups')), ...rowsOf(section(agents, '## Agents'))];
    const told = (option: string): string => rows.find(([name]) => name === `\`${option}\``)?.join(' ') ?? '';
    expect(told('lease')).toContain(number('consumer', 'defaultLease').toLocaleString('en'));
    expect(told('maxAttempts')).toContain(` ${number('consumer', 'defaultAttempts')}`);
    expect(told('concurrency')).toContain(` ${number('consumer', 'concurrency')}`);
    for (const name of ['initial', 'factor'])
      expect(told('backoff')).toContain(`\`${name}\` ${number('consumer', name)}`);
    expect(told('backoff')).toContain(`\`max\` ${number('consumer', 'max').toLocaleString('en')} ms`);
    expect(section(agents, '## Adapters')).toContain(`a lease of ${number('attached-adapter', 'lease') / 1000} s`);
    expect(told('maxHops')).toContain(` ${number('agent', 'defaultHops')}`);
    const requests = section(agents, '## Requests');
    expect(requests).toContain(`\`timeout\` (${number('request', 'defaultTimeout') / 1000} s)`);
    expect(requests).toContain(`answers ${number('respond', 'concurrency')} requests at once`);
    expect(requests).toContain(`within ${number('respond', 'lease') / 1000} s`);
    expect(section(details, '## Live views')).toContain(`the last ${number('live-view', 'defaultLast')} messages`);
    expect(section(details, '## Live views')).toContain(`${number('live-view', 'defaultOlder')} unless given`);
    expect(section(details, '## What could not be sent')).toContain(`newest ${number('failures', 'maxKept')} of them`);
  });

  const shellLines = all
    .flatMap(fencesOf)
    .flatMap(({ language, code }) => (language === 'sh' ? code.trim().split('\n') : []));

  test('of commands is in package.json', () => {
    expect(shellLines.filter((line) => !/^(npx )?busline /.test(line))).toEqual(['npm start', 'npm test']);
    const scripts = all.flatMap(({ text }) =>
      [...text.matchAll(/`npm (?:run )?([\w-]+)/g)].map(([, script = '']) => script),
    );
    expect(scripts.filter((script) => !['pack', 'install'].includes(script) && !(script in manifest.scripts))).toEqual(
      [],
    );
  });

  test('of version, Node and dependencies is in package.json', () => {
    expect(readme).toContain(`\`${manifest.name}-${manifest.version}.tgz\``);
    expect(`>=${/Node (\S+) or newer/.exec(readme)?.[1]}`).toBe(manifest.engines.node);
    expect(readme).toContain('has no dependencies');
    expect(manifest.dependencies).toBe(undefined);
  });
});
