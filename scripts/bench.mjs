// `npm run bench`: measures the built package beside its peers, prints the table and writes docs/benchmarks.md.
// `--check` fails on a missed row, `--only <row>` runs one and `--quick` one pair a row; only a whole run is written.
// `--built` takes dist as it stands.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { ensureDependencies, root } from './dependencies.mjs';

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean' },
    quick: { type: 'boolean' },
    built: { type: 'boolean' },
    only: { type: 'string' },
  },
});

const [load] = loadavg();
if (load > cpus().length / 2)
  console.log(`The machine is busy (load average ${load.toFixed(1)}): do not trust what follows.`);
ensureDependencies();
if (!options.built) await import('./build.mjs');
const { rows } = await import('../test/bench/rows.mjs');
const { openLab } = await import('../test/bench/lab.mjs');
const { chromiumVersion } = await import('../test/bench/browser.mjs');
const { stated } = await import('../test/bench/measure.mjs');
const { markdown, terminalTable } = await import('../test/bench/report.mjs');

const chosen = options.only === undefined ? Object.keys(rows) : [options.only];
if (!chosen.every((name) => name in rows)) {
  console.error(`--only takes one of: ${Object.keys(rows).join(', ')}`);
  process.exit(1);
}

const rounds = options.quick ? 1 : 5;
const lines = [];
const failed = [];
const lab = await openLab();
try {
  for (const name of chosen) {
    console.log(`${name} …`);
    await measure(rows[name]).then(
      (measured) => lines.push(...measured),
      (error) => failed.push(`${name}: ${error.stack}`),
    );
  }
} finally {
  await lab.close();
}

console.log(`\n${terminalTable(lines)}\n`);
const held = lines.filter(({ target }) => target !== stated.text);
const missed = held.filter(({ met }) => !met);
console.log(`${held.length - missed.length} of ${held.length} targets met`);
for (const failure of failed) console.error(failure);
if (failed.length === 0 && !options.quick && options.only === undefined) {
  await mkdir(`${root}docs`, { recursive: true });
  await writeFile(`${root}docs/benchmarks.md`, markdown(lines, { rounds, chromium: await chromiumVersion(), load }));
}
if (failed.length > 0 || (options.check && missed.length > 0)) process.exitCode = 1;

/** A browser of its own for each row, so that none inherits what another stored. */
async function measure({ run, inBrowser }) {
  if (!inBrowser) return run({ lab, rounds });
  const browser = await lab.browser();
  try {
    return await run({ lab, rounds, browser });
  } finally {
    await browser.close();
  }
}
