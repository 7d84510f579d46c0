// Processes with a bus in each: started, killed, and listened to.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import type { Fact, Job } from './lives/main.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export interface Program {
  readonly file: string;
  remove(): Promise<void>;
}

/** The program as one file; packages are found from where it lies. */
export async function buildProgram(): Promise<Program> {
  const folder = await mkdtemp(here('../../node_modules/.busline-'));
  const file = join(folder, 'main.mjs');
  const bundle = await rolldown({
    input: here('lives/main.ts'),
    platform: 'node',
    external: ['redis'],
    resolve: {
      alias: { 'busline/core': here('../../src/core/index.ts'), 'busline/node': here('../../src/node/index.ts') },
    },
  });
  await bundle.write({ file, format: 'esm', codeSplitting: false });
  await bundle.close();
  return { file, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A process from its start to its end. */
export class Life {
  readonly job: Job;
  readonly facts: Fact[] = [];
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();
  readonly gone: Promise<unknown>;
  isGone = false;
  /** How many were acknowledged, and the highest offset of them; how many were received. */
  stored = 0;
  highest = 0;
  got = 0;

  constructor(program: Program, job: Job) {
    this.job = job;
    this.#child = spawn(process.execPath, [program.file, JSON.stringify(job)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.gone = once(this.#child, 'close').then(() => (this.isGone = true));
    const lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => {
      try {
        this.#heard(JSON.parse(line) as Fact);
      } catch {
        // Torn when it was killed.
        return;
      }
      for (const listener of this.#listeners) listener();
    });
  }

  #heard(fact: Fact): void {
    this.facts.push(fact);
    if (fact.t === 'got') this.got += 1;
    if (fact.t !== 'stored') return;
    this.stored += 1;
    this.highest = Math.max(this.highest, fact.offset);
  }

  /** Resolves when it has said what is looked for. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        const told = (): void => {
          this.#listeners.delete(told);
          resolve();
        };
        this.#listeners.add(told);
      });
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.gone;
  }

  /** It ends by itself when nobody talks to it any more. */
  async end(): Promise<void> {
    this.#child.stdin?.end();
    await this.gone;
  }
}

/** What is wrong with the history of these lives, of which `reader` has read all to the end. */
export function check(lives: readonly Life[], reader: readonly Extract<Fact, { t: 'got' }>[]): readonly string[] {
  const problems: string[] = [];
  reader.forEach(({ offset }, at) => {
    if (offset !== at + 1) problems.push(`log: ${offset} comes as number ${at + 1}`);
  });
  const byContent = new Map<string, number>();
  const last = new Map<string, number>();
  for (const { life, n, offset } of reader) {
    const content = `${life} ${n}`;
    if (byContent.has(content)) problems.push(`double: ${content} at ${byContent.get(content)} and ${offset}`);
    byContent.set(content, offset);
    if (n <= (last.get(life) ?? 0)) problems.push(`order: ${content} comes after ${last.get(life)}`);
    last.set(life, n);
  }
  for (const { job, facts } of lives) {
    let before = 0;
    for (const fact of facts) {
      if (fact.t === 'stored' && byContent.get(`${job.life} ${fact.n}`) !== fact.offset)
        problems.push(`lost: ${job.life} ${fact.n} was acknowledged at ${fact.offset}`);
      if (fact.t === 'refused') problems.push(`refused: ${job.life} ${fact.n} with ${fact.code}`);
      if (fact.t === 'got') {
        if (fact.offset !== before + 1) problems.push(`gap: ${job.life} got ${fact.offset} after ${before}`);
        before = fact.offset;
        if (byContent.get(`${fact.life} ${fact.n}`) !== fact.offset)
          problems.push(`other: ${job.life} got ${fact.life} ${fact.n} at ${fact.offset}`);
      }
    }
  }
  return problems;
}
