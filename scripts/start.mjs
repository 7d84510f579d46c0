// `npm start`: the demo in a browser, from a fresh checkout, with nothing touched outside this folder. `npm start -- --dev`
// serves its source instead, which shows every change at once.
import { ensureDependencies, root } from './dependencies.mjs';

ensureDependencies();

await import('./build.mjs');
const server = process.argv.includes('--dev') ? await serveSource() : await serveBuilt();
console.log(`\n  The demo runs at ${server.resolvedUrls?.local[0]}\n  Open it in two tabs. Ctrl-C stops it.\n`);

async function serveBuilt() {
  const { serveDemo } = await import('./serve-demo.mjs');
  return serveDemo();
}

async function serveSource() {
  const { createServer } = await import('vite');
  return (await createServer({ configFile: `${root}vite.config.ts`, logLevel: 'warn' })).listen();
}
