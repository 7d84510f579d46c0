// The command line as processes: built as one file, started, talked to, killed.

import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { vi } from 'vitest';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export interface Cli {
  readonly file: string;
  remove(): Promise<void>;
}

/** `folder`: where packages are not found, if it lies outside of the project. */
export async function buildCli(folder = here('../../node_modules/.busline-cli-')): Promise<Cli> {
  const into = await mkdtemp(folder);
  const file = join(into, 'cli.mjs');
  const bundle = await rolldown({ input: here('../../src/cli/main.ts'), platform: 'node', external: ['redis'] });
  await bundle.write({ file, format: 'esm', codeSplitting: false });
  await bundle.close();
  return { file, remove: () => rm(into, { recursive: true, force: true }) };
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: { readonly [variable: string]: string };
}

/** Variables of whoever runs the tests have no say here. */
function environment(own: CliOptions['env'] = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(BUSLINE_|REDIS_|NO_COLOR|FORCE_COLOR|VITEST)/.test(name),
  );
  return { ...Object.fromEntries(kept), ...own };
}

/** One command, from its start to its end. */
export class Command {
  out = '';
  err = '';
  readonly #child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;

  constructor({ file }: Cli, words: readonly string[], { cwd, env }: CliOptions) {
    this.#child = spawn(process.execPath, [file, ...words], { cwd, env: environment(env) });
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => (this.out += chunk));
    this.#child.stderr.setEncoding('utf8').on('data', (chunk: string) => (this.err += chunk));
    this.#child.stdin.on('error', () => undefined);
    this.ended = once(this.#child, 'close').then(([code]) => ({
      code: code as number | null,
      out: this.out,
      err: this.err,
    }));
  }

  get lines(): readonly string[] {
    return this.out.split('\n').slice(0, -1);
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async until(holds: () => boolean): Promise<void> {
    await vi.waitFor(
      () => {
        if (!holds()) throw new Error(`It did not come to that. Output:\n${this.out}\nand beside:\n${this.err}`);
      },
      { timeout: 20_000, interval: 10 },
    );
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

/** Runs a command to its end, with this on its standard input. */
export function run(cli: Cli, words: readonly string[], options: CliOptions, input = ''): Promise<Ended> {
  const command = new Command(cli, words, options);
  command.write(input);
  command.endInput();
  return command.ended;
}
