// `npm run faults`: the fault suite at length. Every kind of host lives through many seeded runs in a real browser, and the
// figures go into docs/reliability.md; with `--node` it is processes that share a folder or a Redis. One run again:
// `--host leader-tab --seed 123`, or `--node --host redis --seed 123`; some more of them with `--seeds 100`. `--planted no-fence`
// puts a bug in that must be found, `--lanes` runs so many at the same time, and `--resume` goes on where such a command was
// stopped.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { runnerImport } from 'vite';
import { ensureDependencies, root } from './dependencies.mjs';

const { values: options } = parseArgs({
  options: {
    node: { type: 'boolean', default: false },
    host: { type: 'string' },
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    planted: { type: 'string' },
    lanes: { type: 'string' },
    resume: { type: 'boolean', default: false },
  },
});
ensureDependencies();

const load = async (file) => (await runnerImport(`${root}test/${file}`)).module;
const folder = options.node ? 'node-faults' : 'faults';
const { openLab, kinds, planOf, suiteOf } = await load(`${folder}/main.ts`);
const { planted } = await load(`${folder}/planted.ts`);
const { planText } = await load('faults/plan.ts');
const { add, faultsIn, figures, newTally, withFigures } = await load('faults/tally.ts');

const isWhole = options.host === undefined && options.planted === undefined;
const count = Number(options.seeds ?? (isWhole ? 100 : 1));
const first = Number(options.seed);
const lanes = Number(options.lanes ?? (options.node ? 1 : 2));
const bug = planted.find(({ name }) => name === options.planted);
const hosts = options.host === undefined ? (isWhole ? kinds : [bug?.kind ?? kinds[0]]) : [options.host];
if (!hosts.every((host) => kinds.includes(host)) || (options.planted !== undefined && bug === undefined)) {
  console.error(
    `--host takes one of ${kinds.join(', ')}; --planted one of ${planted.map(({ name }) => name).join(', ')}`,
  );
  process.exit(1);
}

const results = `${root}test-results/${folder}`;
/** What was done so far of a command that is like this one. */
const progressFile = `${results}/progress.json`;
const asked = JSON.stringify([hosts, first, count, bug?.name]);
const before = options.resume ? await progress() : undefined;
const done = new Set(before?.done ?? []);
const tallies = new Map(before?.tallies ?? hosts.map((host) => [host, newTally(host)]));
let failed = before?.failed ?? 0;
const jobs = Array.from({ length: count }, (_, at) => hosts.map((host) => [host, first + at]))
  .flat()
  .filter((job) => !done.has(job.join(' ')));
const total = count * hosts.length;
let suite = suiteOf('');
await mkdir(results, { recursive: true });
await Promise.all(Array.from({ length: Math.min(lanes, jobs.length) }, lane));

const all = [...tallies.values()];
for (const tally of all)
  console.log(`${tally.kind}: ${tally.runs} runs, ${faultsIn(tally)} faults, ${JSON.stringify(tally.numbers)}`);
if (isWhole && first === 1) {
  const page = `${root}docs/reliability.md`;
  await writeFile(page, withFigures(await readFile(page, 'utf8'), suite, figures(all, suite)));
}
await rm(progressFile, { force: true });
console.log(`${total - failed} runs passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;

async function progress() {
  const text = await readFile(progressFile, 'utf8').catch(() => 'null');
  const found = JSON.parse(text);
  return found?.asked === asked ? found : undefined;
}

/** A lab of its own, and one run after the other from what is left to do. */
async function lane() {
  const lab = await openLab(bug?.edits ?? (bug === undefined ? [] : [bug]));
  try {
    suite = suiteOf(await lab.version());
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      await one(lab, ...job);
      done.add(job.join(' '));
      await writeFile(progressFile, JSON.stringify({ asked, done: [...done], tallies: [...tallies], failed }));
    }
  } finally {
    await lab.close();
  }
}

async function one(lab, host, seed) {
  const outcome = await lab.run(host, seed, bug?.mix);
  const tally = tallies.get(host);
  add(tally, outcome);
  const { problems, counts, ms, facts } = outcome;
  const faults = Object.values(counts).reduce((sum, each) => sum + each, 0);
  const verdict = problems.length === 0 ? 'ok  ' : 'FAIL';
  console.log(`${verdict} ${host} ${seed}: ${faults} faults in ${(ms / 1000).toFixed(1)} s`);
  if (problems.length === 0) return;
  failed += 1;
  const file = `${results}/${host}-${seed}.json`;
  await writeFile(file, JSON.stringify(facts));
  console.log(planText(planOf(host, seed, bug?.mix)));
  for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`);
  if (problems.length > 20) console.log(`  and ${problems.length - 20} more`);
  const again = [
    'node scripts/faults.mjs',
    ...(options.node ? ['--node'] : []),
    `--host ${host}`,
    `--seed ${seed}`,
    ...(bug ? [`--planted ${bug.name}`] : []),
  ];
  console.log(`  everything that was said is in ${file}; again: ${again.join(' ')}`);
}
