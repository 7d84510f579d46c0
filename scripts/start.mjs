// `npm start`: the demo in a browser, from a fresh checkout, with nothing touched outside this folder.
import { ensureDependencies, root } from './dependencies.mjs';

ensureDependencies();

await import('./build.mjs');
const { createServer } = await import('vite');

const server = await createServer({ configFile: `${root}vite.config.ts`, logLevel: 'warn' });
await server.listen();
console.log(`\n  The demo runs at ${server.resolvedUrls?.local[0]}\n  Open it in two tabs. Ctrl-C stops it.\n`);
