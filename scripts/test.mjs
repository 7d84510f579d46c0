// `npm test`: everything that must hold, step by step, from a fresh checkout. The last line says how many passed and
// failed. `--quick` (`npm run check`) leaves out what needs a build or a browser.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { ensureDependencies, root } from './dependencies.mjs';
import { ensureSystemPackages } from './system-packages.mjs';

const quick = process.argv.includes('--quick');
const minute = 60_000;
/** Where the steps with browsers write what of src/browser ran in them. */
const ran = `${root}test-results/v8`;

/** A program of node_modules, or a script of ours; it passes or fails as one. */
const one = (name, file, ...args) => ({ name, run: () => node(file, args) });
const vitest = (name, project, ...args) => ({ name, run: () => runVitest(project, args) });
/** A step that is nothing without dist. */
const onBuild = (step) => ({ ...step, onBuild: true });

const source = [
  one('format', 'node_modules/oxfmt/bin/oxfmt', '--check'),
  one('lint', 'node_modules/oxlint/bin/oxlint'),
  one('types', 'scripts/types.mjs'),
  one('dead code', 'node_modules/knip/bin/knip.js', '--no-progress'),
];
const steps = quick
  ? [...source, vitest('unit', 'unit')]
  : [
      ...source,
      { ...one('build', 'scripts/build.mjs'), isBuild: true },
      vitest('unit', 'unit', '--coverage'),
      vitest('contract', 'contract'),
      onBuild(vitest('built files', 'built')),
      onBuild(one('size', 'node_modules/size-limit/bin.js')),
      onBuild(one('publint', 'node_modules/publint/src/cli.js', '--strict')),
      onBuild(one('attw', 'node_modules/@arethetypeswrong/cli/dist/index.js', '--pack', '--profile', 'esm-only')),
      onBuild({ name: 'e2e', run: runPlaywright }),
      onBuild(vitest('engines', 'engines')),
      vitest('faults', 'faults'),
      vitest('node faults', 'node-faults'),
      onBuild(one('browser coverage', 'scripts/browser-coverage.mjs', ran)),
    ];

try {
  if (!quick) ensureSystemPackages();
  ensureDependencies();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
rmSync(`${root}test-results`, { recursive: true, force: true });
mkdirSync(`${root}test-results`);

const total = { passed: 0, failed: 0 };
let built = true;
for (const step of steps) {
  const started = performance.now();
  const result =
    step.onBuild && !built
      ? { passed: 0, failed: 1, output: 'not run: there is no build' }
      : counted(await step.run().catch((error) => ({ code: 1, output: error.stack })));
  if (step.isBuild) built = result.failed === 0;
  total.passed += result.passed;
  total.failed += result.failed;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const verdict = result.failed === 0 ? 'ok  ' : 'FAIL';
  console.log(
    `${verdict} ${step.name.padEnd(12)} ${seconds.padStart(6)} s  ${result.passed} passed, ${result.failed} failed`,
  );
  if (result.failed > 0) console.log(stripVTControlCharacters(result.output));
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** A step without counts of its own is one; one that fails beyond its counts (coverage, a crash) fails one more. */
function counted({ code, output, passed, failed }) {
  if (passed === undefined) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, output };
  const beyond = failed === 0 && (code !== 0 || passed === 0) ? 1 : 0;
  return { passed, failed: failed + beyond, output };
}

async function runVitest(project, args) {
  const report = `test-results/vitest-${project}.json`;
  const { code, output } = await node('node_modules/vitest/vitest.mjs', [
    'run',
    `--project=${project}`,
    '--reporter=dot',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...args,
  ]);
  const json = JSON.parse(readFileSync(`${root}${report}`, 'utf8'));
  // A skipped test shows nothing, so it has not passed.
  return { code, output, passed: json.numPassedTests, failed: json.numTotalTests - json.numPassedTests };
}

async function runPlaywright() {
  const report = 'test-results/playwright.json';
  const { code, output } = await node('node_modules/@playwright/test/cli.js', ['test', '--reporter=list,json'], {
    PLAYWRIGHT_JSON_OUTPUT_FILE: `${root}${report}`,
  });
  const { expected, unexpected, flaky, skipped } = JSON.parse(readFileSync(`${root}${report}`, 'utf8')).stats;
  return { code, output, passed: expected, failed: unexpected + flaky + skipped };
}

/** Runs a script of this folder; settles always, with all that it printed. */
function node(file, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [file, ...args], {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', CI: '1', BUSLINE_COVERAGE: ran, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 25 * minute,
    });
    let output = '';
    const collect = (chunk) => (output += chunk);
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => resolve({ code: 1, output: error.stack }));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? 1, output: signal ? `${output}\nended by ${signal}` : output }),
    );
  });
}
