// The command line on files: real processes in a folder of their own.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openHub } from 'busline/node';
import { contentOf } from '../../src/cli/arguments.ts';
import { shown, table } from '../../src/cli/output.ts';
import { paint } from '../../src/cli/paint.ts';
import { buildCli, Command, run } from './cli-process.ts';
import type { Cli, CliOptions, Ended } from './cli-process.ts';

const execute = promisify(execFile);
let cli: Cli;
let cwd: string;
const started: Command[] = [];
beforeAll(async () => (cli = await buildCli()), 60_000);
afterAll(() => cli.remove());
beforeEach(async () => (cwd = await mkdtemp(join(tmpdir(), 'busline-cli-'))));
afterEach(async () => {
  await Promise.all(started.splice(0).map((command) => command.kill()));
  await rm(cwd, { recursive: true, force: true });
});

const busline = (words: readonly string[], input = '', more: Partial<CliOptions> = {}): Promise<Ended> =>
  run(cli, words, { cwd, ...more }, input);

function start(...words: string[]): Command {
  const command = new Command(cli, words, { cwd });
  started.push(command);
  return command;
}

interface Told {
  readonly offset: number;
  readonly content: unknown;
  readonly authorId: string;
  readonly id: string;
}
const told = (lines: readonly string[]): readonly Told[] => lines.map((line) => JSON.parse(line) as Told);
const recordsOf = ({ out }: Ended): readonly Told[] => told(out.split('\n').slice(0, -1));

describe('messages', () => {
  test('that one process sends another one prints', async () => {
    expect(await busline(['send', 'chat', 'hello'])).toEqual({ code: 0, out: 'chat 1\n', err: '' });
    expect(await busline(['send', 'chat', '{"a":1}', '--name', 'ada', '--type', 'order'])).toMatchObject({
      out: 'chat 2\n',
    });
    expect(await busline(['history', 'chat'])).toEqual({
      code: 0,
      out: '1 cli: hello\n2 ada [order]: {"a":1}\n',
      err: '',
    });
    const all = recordsOf(await busline(['history', 'chat', '--json']));
    expect(all.map(({ offset, content, authorId }) => [offset, content, authorId])).toEqual([
      [1, 'hello', 'cli'],
      [2, { a: 1 }, 'ada'],
    ]);
    const after = await busline(['history', 'chat', '--json', '--after', all[0]?.id ?? '']);
    expect(recordsOf(after).map(({ offset }) => offset)).toEqual([2]);
  });

  test('are the lines of the standard input, or the same one many times', async () => {
    expect(await busline(['send', 'log', '-'], 'one\n\n{"two":2}\n3')).toMatchObject({
      code: 0,
      out: 'log 1-3 (3 messages)\n',
    });
    await busline(['send', 'log', 'again', '--count', '2']);
    await busline(['send', 'log', '--count', '2', '--json']);
    await busline(['send', 'log', '7', '--text']);
    const contents = recordsOf(await busline(['history', 'log', '--json'])).map(({ content }) => content);
    expect(contents).toEqual(['one', { two: 2 }, 3, 'again', 'again', 1, 2, '7']);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('that were read before a %s are stored, and it says so', async (signal, code) => {
    const sending = start('send', 'log', '-');
    const reader = start('tail', 'log', '--from', 'earliest', '--limit', '3');
    sending.write('one\ntwo\nthree\n');
    await reader.ended;
    sending.signal(signal);
    expect(await sending.ended).toMatchObject({ code, out: 'log 1-3 (3 messages)\n' });
  });

  test('are stored up to the one that cannot be, which is told', async () => {
    const lines = `one\n${'x'.repeat(1_000_000)}\n`;
    const { code, out, err } = await busline(['send', 'log', '-'], lines);
    expect([code, out]).toEqual([2, 'log 1\n']);
    expect(err).toContain('Number 2 was not stored.\n');
    expect(err).toContain('[MESSAGE_TOO_LARGE]');
  });

  test('under a key of their own are stored once', async () => {
    for (let n = 0; n < 2; n += 1)
      expect((await busline(['send', 'chat', 'x', '--id', 'hook:1'])).out).toBe('chat 1\n');
  });

  test('are printed from where it is asked, of one channel or of many', async () => {
    await busline(['send', 'room:a', '--count', '3']);
    await busline(['send', 'room:b', 'x']);
    expect((await busline(['tail', 'room:a', '--from', 'last:2', '--limit', '2'])).out).toBe('2 cli: 2\n3 cli: 3\n');
    const many = await busline(['tail', 'room:*', '--from', 'earliest', '--limit', '4']);
    expect(many.out.split('\n').filter((line) => line.startsWith('room:a'))).toHaveLength(3);
    expect(many.out).toContain('room:b 1 cli: x\n');
  });

  test('are asked and answered', async () => {
    const hub = await openHub({ directory: join(cwd, '.busline'), config: false, redis: false, logLevel: 'silent' });
    const responder = hub.bus.respond('sums', ({ content }) => {
      const { a, b } = content as { a: number; b: number };
      return a + b;
    });
    expect(await busline(['request', 'sums', '{"a":1,"b":2}'])).toEqual({ code: 0, out: '3\n', err: '' });
    await responder.close();
    const nobody = await busline(['request', 'nobody', 'hello', '--timeout', '0.2']);
    expect(nobody).toMatchObject({ code: 1, out: '' });
    expect(nobody.err).toContain('[NO_RESPONDER]');
    await hub.close();
  });
});

describe('three processes on one folder', () => {
  test('are there before there is anything to read', async () => {
    const reader = start('tail', 'room', '--from', 'earliest');
    await vi.waitFor(() => readdir(join(cwd, '.busline', 'channels')));
    await busline(['send', 'room', 'hello']);
    await reader.until(() => reader.out !== '');
    expect(reader.out).toBe('1 cli: hello\n');
  });

  test(
    'print each message once and in order, though one of them is killed and started again',
    { timeout: 90_000 },
    async () => {
      const readers = [
        start('tail', 'room', '--from', 'earliest', '--json'),
        start('tail', 'ro*', '--from', 'earliest', '--json'),
      ];
      const steady = start('send', 'room', '-', '--json', '--name', 'steady');
      const acknowledged: Told[] = [];
      let next = 0;
      const feed = (command: Command): void =>
        command.write(Array.from({ length: 20 }, () => `${(next += 1)}\n`).join(''));
      for (let life = 0; life < 4; life += 1) {
        const mortal = start('send', 'room', '-', '--json', '--name', `mortal${life}`);
        const before = steady.lines.length;
        feed(mortal);
        feed(steady);
        await mortal.until(() => mortal.lines.length > 0);
        await steady.until(() => steady.lines.length >= before + 20);
        feed(mortal);
        await mortal.kill();
        // The last line may be torn.
        acknowledged.push(...told(mortal.lines));
      }
      steady.endInput();
      expect((await steady.ended).code).toBe(0);
      acknowledged.push(...told(steady.lines));
      const { out } = await busline(['status', '--json']);
      const { head } = (JSON.parse(out) as { channels: { head: number }[] }).channels[0] as { head: number };
      for (const reader of readers) {
        await reader.until(() => reader.lines.length >= head);
        const all = told(reader.lines);
        expect(all.map(({ offset }) => offset)).toEqual(Array.from({ length: head }, (_, at) => at + 1));
        for (const { id, offset } of acknowledged) expect(all[offset - 1]?.id).toBe(id);
        for (const author of new Set(all.map(({ authorId }) => authorId))) {
          const sent = all.filter(({ authorId }) => authorId === author).map(({ content }) => Number(content));
          expect(sent).toEqual(sent.toSorted((a, b) => a - b));
          expect(new Set(sent).size).toBe(sent.length);
        }
      }
      // A reader prints what it has before it ends.
      for (const reader of readers) reader.signal('SIGINT');
      for (const reader of readers) expect(await reader.ended).toMatchObject({ code: 0, err: '' });
      expect(acknowledged.length).toBeGreaterThan(80);
    },
  );
});

describe('a hub', () => {
  const isOpen = (hub: Command): boolean => hub.err.includes('the hub works on files');

  test.each(['SIGINT', 'SIGTERM'] as const)('stops in good order at %s', async (signal) => {
    const hub = start('hub', 'start');
    await hub.until(() => isOpen(hub));
    await busline(['send', 'chat', 'hello']);
    hub.signal(signal);
    const { code, out, err } = await hub.ended;
    expect([code, out]).toEqual([0, '']);
    const lines = err
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { msg: string; directory?: string });
    expect(lines.at(0)).toMatchObject({
      level: 'info',
      name: 'hub',
      mode: 'isolated',
      directory: join(cwd, '.busline'),
    });
    expect(lines.at(-1)).toMatchObject({ msg: 'the hub is closed' });
  });

  test('is set up by a file, by the environment, and by its command, in this order', async () => {
    await writeFile(join(cwd, 'busline.config.json'), '{ "name": "file", "directory": "kept" }');
    const env = { BUSLINE_NAME: 'environment' };
    await busline(['send', 'chat', 'x'], '', { env });
    await busline(['send', 'chat', 'x', '--name', 'command'], '', { env });
    await busline(['send', 'chat', 'x']);
    const all = recordsOf(await busline(['history', 'chat', '--json', '--dir', 'kept']));
    expect(all.map(({ authorId }) => authorId)).toEqual(['environment', 'command', 'file']);
  });
});

describe('what operators ask', () => {
  test('is told: the log, groups, dead letters', async () => {
    const hub = await openHub({ directory: join(cwd, '.busline'), config: false, redis: false, logLevel: 'silent' });
    const failing = hub.bus.consume('jobs', { group: 'workers', maxAttempts: 1 }, () => {
      throw new Error('no paper');
    });
    const { id } = await hub.bus.send({ channelId: 'jobs', content: { print: 1 } });
    await vi.waitFor(async () => expect((await hub.bus.admin.deadLetters()).length).toBe(1));
    await failing.close();
    await hub.close();
    expect((await busline(['groups'])).out).toMatch(
      /^CHANNEL +GROUP +MEMBERS +PENDING +LAG\njobs +workers +0 +0 +0\n$/,
    );
    const list = (await busline(['dead', 'list'])).out;
    expect(list).toContain('no paper');
    expect(list).toContain(id);
    const [letter] = recordsOf(await busline(['dead', 'list', '--json', '--group', 'workers']));
    expect(letter).toMatchObject({ group: 'workers', reason: 'no paper', message: { id } });
    const status = JSON.parse((await busline(['status', '--json'])).out) as object;
    expect(status).toMatchObject({
      mode: 'isolated',
      messages: 1,
      groups: 1,
      deadLetters: 1,
      channels: [{ channelId: 'jobs' }],
    });
    expect((await busline(['dead', 'redrive', '--group', 'others'])).out).toBe('0 given back\n');
    expect((await busline(['dead', 'redrive', id])).out).toBe('1 given back\n');
    expect(await busline(['dead', 'list'])).toEqual({ code: 0, out: '', err: 'There are no dead letters.\n' });
  });

  test('of a doctor is what is wrong and what to do', async () => {
    const well = await busline(['doctor', '--json']);
    expect(well).toMatchObject({ code: 0, err: '' });
    expect(recordsOf(well)).toContainEqual({ level: 'ok', what: expect.stringContaining('on a local disk') as string });
    await writeFile(join(cwd, 'file'), '');
    const ill = await busline(['doctor', '--dir', 'file']);
    expect(ill.code).toBe(1);
    expect(ill.out).toMatch(/problem {2}.*file cannot be used.*\n +→ This process may not write there/);
  });

  test('of speed is measured in a folder of its own, which goes again', { timeout: 60_000 }, async () => {
    const { code, out } = await busline(['bench', '--messages', '500', '--json']);
    expect(code).toBe(0);
    const { perSecond, p50 } = JSON.parse(out) as { perSecond: number; p50: number };
    expect(perSecond).toBeGreaterThan(100);
    expect(p50).toBeGreaterThan(0);
    expect((await busline(['status'])).out).toContain('0 channels, 0 messages');
  });
});

describe('wrong use', () => {
  test.each([
    [['sned', 'chat', 'x'], /unknown command 'sned'\n\(Did you mean send\?\)/],
    [['send'], /missing required argument 'channel'/],
    [['send', 'chat'], /nothing to send/],
    [['send', 'chat', '-', '--count', '2'], /--count goes with CONTENT/],
    [['send', 'chat', 'x', '--count', '0'], /whole number above zero/],
    [['send', 'chat', 'x', '--ack', 'synced'], /Allowed choices are stored, flushed/],
    [['send', 'a*', 'x'], /INVALID_CHANNEL/],
    [['tail', 'chat', '--from', 'yesterday'], /one of now, earliest, last:N/],
    [['tail', 'chat', '--frm', 'now'], /unknown option '--frm'\n\(Did you mean --from\?\)/],
    [['request', 'chat', 'x', '--timeout', 'soon'], /number of seconds/],
    [['completion', 'ksh'], /Allowed choices are bash, zsh, fish/],
    [['hub'], /Usage: busline hub/],
    [['status', '--config', 'nowhere.json'], /nowhere\.json: cannot be read: there is no such file/],
    [['status', '--redis', 'http://there'], /redis\.url: must begin with redis:\/\//],
  ])('%j ends with 2, and says what is wrong', async (words, text) => {
    const { code, out, err } = await busline(words);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(text);
    expect(err).not.toMatch(/^ {4}at /m);
  });

  test('of settings is told all at once', async () => {
    await writeFile(join(cwd, 'busline.config.json'), '{ "directry": "x", "retention": { "count": 0 } }');
    const { code, err } = await busline(['status'], '', { env: { BUSLINE_LOG_LEVEL: 'loud' } });
    expect(code).toBe(2);
    for (const text of [
      'did you mean "directory"?',
      'retention.count: must be above zero',
      'BUSLINE_LOG_LEVEL: must be one of',
    ])
      expect(err).toContain(text);
  });

  test('shows a stack to whoever asks for it', async () => {
    expect((await busline(['send', 'a*', 'x', '--verbose'])).err).toMatch(/^ {4}at /m);
  });
});

describe('the output', () => {
  test('ends quietly when nobody reads any more', async () => {
    await busline(['send', 'much', '--count', '20000']);
    const line = `"${process.execPath}" "${cli.file}" history much --limit 20000 | head -1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await execute('bash', ['-c', line], { cwd });
    expect([stdout, stderr]).toEqual(['1 cli: 1\n0\n', '']);
    for (const words of ['--help', 'help send', 'completion bash', 'history much', 'history much --json']) {
      const unread = `"${process.execPath}" "${cli.file}" ${words} | true; echo "\${PIPESTATUS[0]}"`;
      expect(await execute('bash', ['-c', unread], { cwd })).toEqual({ stdout: '0\n', stderr: '' });
    }
  });

  test('of --json is one value a line in every command that prints data', async () => {
    await busline(['send', 'chat', 'x']);
    for (const words of [
      ['send', 'chat', 'y'],
      ['history', 'chat'],
      ['tail', 'chat', '--from', 'earliest', '--limit', '1'],
      ['groups'],
      ['dead', 'list'],
      ['dead', 'redrive'],
      ['status'],
      ['doctor'],
    ]) {
      const { code, out, err } = await busline([...words, '--json']);
      expect([words, code, err]).toEqual([words, 0, '']);
      for (const line of out.split('\n').slice(0, -1)) expect(typeof JSON.parse(line)).toBe('object');
    }
  });

  test('of what somebody sent is one line and harmless to a terminal', () => {
    expect(shown('two\nlines \u001B[31mred \u009B')).toBe('"two\\nlines \\u001b[31mred \\u009b"');
    expect(shown('plain „text“')).toBe('plain „text“');
    expect(shown({ bytes: new Uint8Array([1, 2]) })).toBe('{"bytes":{"base64":"AQI="}}');
    expect(
      table(
        ['A', 'B'],
        [
          ['x', 1],
          ['longer', 2],
        ],
      ),
    ).toEqual(['A       B', 'x       1', 'longer  2']);
  });

  test('has colours on a terminal only, and not where nobody wants them', () => {
    vi.stubEnv('NO_COLOR', '');
    vi.stubEnv('TERM', 'xterm');
    expect(paint({ isTTY: true }).red('x')).toBe('\u001B[31mx\u001B[39m');
    expect(paint({}).red('x')).toBe('x');
    vi.stubEnv('NO_COLOR', '1');
    expect(paint({ isTTY: true }).red('x')).toBe('x');
    vi.unstubAllEnvs();
  });

  test('is help where it is asked for, and the version', async () => {
    const help = await busline(['--help']);
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).toContain('busline send chat "hello"');
    expect((await busline(['tail', '--help'])).out).toContain('--from <place>');
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect((await busline(['--version'])).out).toBe(`${version}\n`);
  });

  test('of content is a value where it is JSON, else text', () => {
    expect(['42', 'true', '"x"', '[1]', 'hello', '42 apples', ''].map(contentOf)).toEqual([
      42,
      true,
      'x',
      [1],
      'hello',
      '42 apples',
      '',
    ]);
  });
});

describe('completion', () => {
  const complete = async (...words: string[]): Promise<readonly string[]> => {
    const { out } = await busline(['completion', 'bash']);
    const script = `${out}\nCOMP_WORDS=(busline ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _busline; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await execute('bash', ['-c', script]);
    return stdout.trim().split('\n');
  };

  test('knows the commands, those below them, and the options of each', async () => {
    expect(await complete('s')).toEqual(['send', 'status']);
    expect(await complete('dead', '')).toEqual(['list', 'redrive', '--help']);
    expect(await complete('send', 'chat', '--co')).toEqual(['--count', '--config']);
    expect(await complete('tail', 'hub', '--fr')).toEqual(['--from']);
  });

  test('is there for zsh and fish', async () => {
    expect((await busline(['completion', 'zsh'])).out).toMatch(/^#compdef busline\n/);
    expect((await busline(['completion', 'fish'])).out).toContain(
      "complete -c busline -f -n 'not __fish_seen_subcommand_from",
    );
  });
});
