// The demo as its users would get it: built, and served as static files on this machine. Built, because the page opens without
// its server later, and for that all its files must be known.
import { build, preview } from 'vite';
import { root } from './dependencies.mjs';

const configFile = `${root}vite.config.ts`;

/** Resolves when it is served, on this port or the next free one; 0 takes any. */
export async function serveDemo({ outDir = `${root}node_modules/.demo`, port = 5173 } = {}) {
  const config = { configFile, logLevel: /** @type {const} */ ('error'), build: { outDir, emptyOutDir: true } };
  await build(config);
  // A file that is not there is not there: the page must not come in its stead.
  return preview({ ...config, appType: 'mpa', preview: { host: '127.0.0.1', port, strictPort: false } });
}
