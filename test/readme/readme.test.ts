// What README.md and docs/ say is so: every sample compiles, those for Node run and print what they say, links lead
// somewhere, and the tables agree with the code. The samples for pages run in e2e/readme-samples.spec.ts.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { MessageBusCore } from 'busline/core';
import * as testing from 'busline/testing';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { maxBlockMessages, maxBlockSize, maxMessageBytes } from '../../src/core/block.ts';
import { advice } from '../../src/core/errors.ts';
import { rememberedPushes } from '../../src/core/ledger.ts';
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

describe('the samples', () => {
  test('are all of a kind that runs somewhere', () => {
    const fences = all.flatMap(fencesOf);
    expect(fences.filter(({ language }) => !['ts', 'sh'].includes(language))).toEqual([]);
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

  test('of commands is in package.json', () => {
    const lines = all
      .flatMap(fencesOf)
      .flatMap(({ language, code }) => (language === 'sh' ? code.trim().split('\n') : []));
    expect(lines).toEqual(['npm start', 'npm test']);
    const scripts = all.flatMap(({ text }) =>
      [...text.matchAll(/`npm (?:run )?([\w-]+)/g)].map(([, script = '']) => script),
    );
    expect(scripts.filter((script) => script !== 'pack' && !(script in manifest.scripts))).toEqual([]);
  });

  test('of version, Node and dependencies is in package.json', () => {
    expect(readme).toContain(`\`${manifest.name}-${manifest.version}.tgz\``);
    expect(`>=${/Node (\S+) or newer/.exec(readme)?.[1]}`).toBe(manifest.engines.node);
    expect(readme).toContain('has no dependencies');
    expect(manifest.dependencies).toBe(undefined);
  });
});
