// Bugs that are put in are found: what checks the runs can see.
import { expect, test } from 'vitest';
import { openLab } from './main.ts';
import { planted } from './planted.ts';

const tries = 4;

test.each(planted.map((bug) => [bug.name, bug] as const))('"%s" is found', async (_name, bug) => {
  const lab = await openLab(bug.edits);
  try {
    let found: readonly string[] = [];
    let seed = 0;
    while (found.length === 0 && seed < tries) {
      const { problems } = await lab.run(bug.kind, ++seed, bug.mix);
      found = problems.filter((problem) => bug.shows.test(problem));
    }
    console.log(`${bug.name}: seed ${seed} finds ${found.length} problems, the first: ${found[0]}`);
    expect(found.length).toBeGreaterThan(0);
  } finally {
    await lab.close();
  }
});
