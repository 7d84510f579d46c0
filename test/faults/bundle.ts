// The pages and the worker file of a run, made from the source, so that nothing depends on what lies in dist; with one edit, a
// bug that must be found.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import type { Plugin } from 'rolldown';

const root = fileURLToPath(new URL('../../', import.meta.url));
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Text of a source file that is replaced by another. */
export interface Edit {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Bundle {
  readonly folder: string;
  remove(): Promise<void>;
}

/** The text with the edit in it; throws unless there is exactly one place for it. */
export function edited(source: string, { name, file, find, replace }: Edit): string {
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`planted "${name}": ${places} places in ${file} match, not one`);
  return source.replace(find, () => replace);
}

/** Puts them into what is bundled, and notes which it found a place for. */
export function planting(edits: readonly Edit[], applied: Set<Edit>): Plugin {
  return {
    name: 'planting',
    async load(id) {
      const own = edits.filter(({ file }) => id === join(root, file));
      if (own.length === 0) return undefined;
      let code = await readFile(id, 'utf8');
      for (const edit of own) {
        code = edited(code, edit);
        applied.add(edit);
      }
      return { code, moduleType: 'ts' };
    },
  };
}

async function bundle(name: string, entry: string, dir: string, plugin: Plugin): Promise<void> {
  const result = await rolldown({
    cwd: root,
    input: { [name]: entry },
    platform: 'browser',
    transform: { target: 'es2022' },
    resolve: {
      alias: { 'busline/worker': join(root, 'src/browser/start-host.ts'), busline: join(root, 'src/index.ts') },
    },
    treeshake: { moduleSideEffects: true },
    plugins: [plugin],
    checks: { bundlerTimings: false },
  });
  await result.write({ dir, format: 'esm', codeSplitting: name !== 'worker', chunkFileNames: `${name}-[name].js` });
  await result.close();
}

const page = (script: string): string =>
  `<!doctype html><meta charset="utf-8"><title>faults</title><link rel="icon" href="data:,">${script}`;

export async function bundleWith(edits: readonly Edit[]): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), 'busline-faults-'));
  const applied = new Set<Edit>();
  const plugin = planting(edits, applied);
  await Promise.all([
    bundle('tab', here('page/tab.ts'), folder, plugin),
    bundle('worker', here('page/worker.ts'), folder, plugin),
    writeFile(join(folder, 'tab.html'), page('<script type="module" src="tab.js"></script>')),
    writeFile(join(folder, 'away.html'), page('')),
  ]);
  for (const edit of edits)
    if (!applied.has(edit)) throw new Error(`planted "${edit.name}": ${edit.file} is not part of it`);
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
