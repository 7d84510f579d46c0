import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import { planting } from '../faults/bundle.ts';
import type { Edit } from '../faults/bundle.ts';
import { rules } from './rules.ts';
import type { tell as Tell } from './story.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

async function without(edits: readonly Edit[]): Promise<typeof Tell> {
  const folder = await mkdtemp(join(root, 'node_modules/.busline-'));
  try {
    const file = join(folder, 'story.mjs');
    const applied = new Set<Edit>();
    const core = join(root, 'src/core/index.ts');
    const bundle = await rolldown({
      cwd: root,
      input: join(root, 'test/failover/story.ts'),
      platform: 'node',
      resolve: { alias: { 'busline/core': core } },
      plugins: [planting(edits, applied)],
      checks: { bundlerTimings: false },
    });
    await bundle.write({ file, format: 'esm', codeSplitting: false });
    await bundle.close();
    for (const edit of edits) if (!applied.has(edit)) throw new Error(`"${edit.name}" is not part of it`);
    return ((await import(file)) as { tell: typeof Tell }).tell;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** So many stories are told until it must have shown. */
const most = 1000;

for (const { name, edits, shows, from } of rules)
  test(`without the rule that ${name}, some story goes wrong`, async () => {
    const tell = await without(edits);
    let found: string | undefined;
    for (let seed = from; seed < from + most && found === undefined; seed += 1)
      found = (await tell(seed)).problems.find((problem) => shows.test(problem));
    expect(found).toBeDefined();
  }, 120_000);
