// Builds dist/. Each entry is built by itself: what a page loads first is one file, which its lazy parts import from, and
// the worker files are self-contained, because a browser
// fetches a worker by its address alone. `new SharedWorker(new URL('./worker.js', import.meta.url), …)` must reach
// dist untouched, next to worker.js: bundlers of our users look for it. So chunks lie flat in dist, too.
import { execFile } from 'node:child_process';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { root } from './dependencies.mjs';

const run = promisify(execFile);

const entries = { index: 'src/index.ts', core: 'src/core/index.ts', testing: 'src/testing/index.ts' };
/** Packages of their own come with a hub. */
const hub = { node: 'src/node/index.ts' };
/** A program: one file, with all it needs but the client of Redis. */
const program = { cli: 'src/cli/main.ts' };
const selfContained = { worker: 'src/browser/worker.ts', 'start-host': 'src/browser/start-host.ts' };

/** The minifier turns quotes into backticks, and Vite then refuses the options. Same length: source maps stay true. */
const literalWorkerAddress = {
  name: 'literal-worker-address',
  generateBundle(_, files) {
    for (const file of Object.values(files)) {
      if (file.type !== 'chunk') continue;
      file.code = file.code.replace(/new (?:Shared)?Worker\(new URL\([^)]*\),\{[^}]*\}/g, (text) =>
        text.replaceAll('`', "'"),
      );
    }
  },
};

async function build() {
  await rm(`${root}dist`, { recursive: true, force: true });
  await Promise.all([
    declarations(),
    ...Object.entries(entries).map(([name, file]) => bundle({ [name]: file }, { chunkFileNames: `${name}-[name].js` })),
    ...Object.entries(hub).map(([name, file]) =>
      bundle({ [name]: file }, { chunkFileNames: `${name}-[name].js` }, { platform: 'node', external: ['redis'] }),
    ),
    // Nobody steps through it, and its source map would be the largest file of all.
    bundle(program, { codeSplitting: false, sourcemap: false }, { platform: 'node', external: ['redis'] }),
    ...Object.entries(selfContained).map(([name, file]) => bundle({ [name]: file }, { codeSplitting: false })),
  ]);
  await chmod(`${root}dist/cli.js`, 0o755);
}

async function bundle(input, output, more = {}) {
  const result = await rolldown({
    cwd: root,
    input,
    platform: 'browser',
    ...more,
    preserveEntrySignatures: 'allow-extension',
    transform: { target: 'es2022' },
    // package.json speaks for dist; in the source, an import for its effect alone means it.
    treeshake: { moduleSideEffects: [{ external: false, test: /^(?!.*node_modules).*\/src\//, sideEffects: true }] },
    plugins: [literalWorkerAddress],
    checks: { bundlerTimings: false },
    onLog(level, log) {
      if (level === 'warn') throw new Error(log.message);
    },
  });
  await result.write({ dir: `${root}dist`, format: 'esm', minify: true, sourcemap: true, ...output });
  await result.close();
}

async function declarations() {
  for (const project of ['src', 'src/node']) {
    const args = ['node_modules/typescript/bin/tsc', '-p', project, '--noEmit', 'false', '--emitDeclarationOnly'];
    await run(process.execPath, args, { cwd: root }).catch((error) => {
      throw new Error(error.stdout || error.message);
    });
  }
  // Users whose `lib` is older than Symbol.dispose get it with the declarations, which all import this one.
  const file = `${root}dist/types/core/message-bus.d.ts`;
  await writeFile(file, `/// <reference lib="esnext.disposable" />\n${await readFile(file, 'utf8')}`);
}

await build().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
