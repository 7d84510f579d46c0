// `npm run faults`: the fault suite at length. Every kind of host lives through many seeded runs in a real browser, and the
// figures go into docs/reliability.md. One run again: `--host leader-tab --seed 123`, some more of them with `--count 100`;
// `--planted no-fence` puts a bug in that must be found. `--lanes` runs so many at the same time.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { runnerImport } from 'vite';
import { ensureDependencies, root } from './dependencies.mjs';

const { values: options } = parseArgs({
  options: {
    host: { type: 'string' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string' },
    planted: { type: 'string' },
    lanes: { type: 'string', default: '2' },
  },
});
ensureDependencies();

const load = async (file) => (await runnerImport(`${root}test/faults/${file}`)).module;
const { openLab, kinds } = await load('main.ts');
const { planted } = await load('planted.ts');
const { planOf, planText } = await load('plan.ts');
const { add, faultsIn, figures, newTally, withFigures } = await load('tally.ts');

const isWhole = options.host === undefined && options.planted === undefined;
const count = Number(options.count ?? (isWhole ? 100 : 1));
const first = Number(options.seed);
const hosts = options.host === undefined ? (isWhole ? kinds : ['shared-worker']) : [options.host];
const bug = planted.find(({ name }) => name === options.planted);
if (!hosts.every((host) => kinds.includes(host)) || (options.planted !== undefined && bug === undefined)) {
  console.error(
    `--host takes one of ${kinds.join(', ')}; --planted one of ${planted.map(({ name }) => name).join(', ')}`,
  );
  process.exit(1);
}

const total = count * hosts.length;
const jobs = Array.from({ length: count }, (_, at) => hosts.map((host) => [host, first + at])).flat();
const tallies = new Map(hosts.map((host) => [host, newTally(host)]));
let failed = 0;
let browser = '';
await Promise.all(Array.from({ length: Math.min(Number(options.lanes), total) }, lane));

const all = [...tallies.values()];
for (const tally of all)
  console.log(`${tally.kind}: ${tally.runs} runs, ${faultsIn(tally)} faults, ${JSON.stringify(tally.numbers)}`);
if (isWhole && options.count === undefined) {
  const page = `${root}docs/reliability.md`;
  await writeFile(page, withFigures(await readFile(page, 'utf8'), figures(all, browser)));
}
console.log(`${total - failed} runs passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;

/** A browser of its own, and one run after the other from what is left to do. */
async function lane() {
  const lab = await openLab(bug === undefined ? [] : [bug]);
  try {
    browser = await lab.version();
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await one(lab, ...job);
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
  const folder = `${root}test-results/faults`;
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/${host}-${seed}.json`, JSON.stringify(facts));
  console.log(planText(planOf(host, seed, bug?.mix)));
  for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`);
  if (problems.length > 20) console.log(`  and ${problems.length - 20} more`);
  const again = [
    'node scripts/faults.mjs',
    `--host ${host}`,
    `--seed ${seed}`,
    ...(bug ? [`--planted ${bug.name}`] : []),
  ];
  console.log(`  everything that was said is in ${folder}/${host}-${seed}.json; again: ${again.join(' ')}`);
}
