// The program that every process of a run is, made from the source; with edits, a bug that must be found.

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { planting } from '../faults/bundle.ts';
import type { Edit } from '../faults/bundle.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Program {
  readonly file: string;
  remove(): Promise<void>;
}

export async function programWith(edits: readonly Edit[]): Promise<Program> {
  // Packages are found from where it lies.
  const folder = await mkdtemp(join(root, 'node_modules/.busline-'));
  const file = join(folder, 'main.mjs');
  const applied = new Set<Edit>();
  const core = join(root, 'src/core/index.ts');
  const bundle = await rolldown({
    cwd: root,
    input: join(root, 'test/node-faults/process/main.ts'),
    platform: 'node',
    external: /^(?!busline)[^./]/,
    resolve: { alias: { 'busline/core': core, 'busline/node': join(root, 'src/node/index.ts'), busline: core } },
    // What is imported for what it does, and not for a name, must stay.
    treeshake: false,
    plugins: [planting(edits, applied)],
    checks: { bundlerTimings: false },
  });
  await bundle.write({ file, format: 'esm', codeSplitting: false });
  await bundle.close();
  for (const edit of edits)
    if (!applied.has(edit)) throw new Error(`planted "${edit.name}": ${edit.file} is not part of it`);
  return { file, remove: () => rm(folder, { recursive: true, force: true }) };
}
