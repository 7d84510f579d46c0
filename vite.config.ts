// The demo: a user's app, importing the built package by its name.
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';
import type { Plugin } from 'vite';
import { companion } from './demo/chat/companion.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; worker-src 'self'; connect-src 'self'";

/** The built page forbids inline code. The dev server needs some, for updates in place. */
const contentSecurityPolicy: Plugin = {
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: `${policy}; base-uri 'none'; form-action 'none'` },
      injectTo: 'head-prepend',
    },
  ],
};

/** The service worker that opens the page without a network: the code, and the names of all files of this build. */
const offlineCompanion: Plugin = {
  name: 'offline-companion',
  apply: 'build',
  generateBundle: {
    order: 'post',
    handler(_, bundle) {
      const built = Object.values(bundle);
      const hash = createHash('sha256');
      for (const file of built) hash.update(file.fileName).update(file.type === 'chunk' ? file.code : file.source);
      const files = ['', ...built.map(({ fileName }) => fileName), ...readdirSync(here('public'))];
      const [list, version] = [JSON.stringify(files), JSON.stringify(hash.digest('hex').slice(0, 16))];
      const source = `(${companion.toString()})(globalThis, ${list}, ${version});\n`;
      this.emitFile({ type: 'asset', fileName: 'companion.js', source });
    },
  },
};

export default defineConfig({
  root: here('demo/chat'),
  publicDir: here('public'),
  base: './',
  plugins: [preact(), contentSecurityPolicy, offlineCompanion],
  resolve: {
    alias: [
      { find: /^busline$/, replacement: here('dist/index.js') },
      { find: /^busline\/worker$/, replacement: here('dist/start-host.js') },
      { find: /^busline\/(.+)$/, replacement: here('dist/$1') },
    ],
  },
  server: { host: '127.0.0.1', port: 5173, strictPort: false, fs: { allow: [here('.')] } },
  // Known before the first page asks: found later, they would reload it.
  optimizeDeps: { include: ['compromise', 'minisearch', 'preact', 'preact/hooks'] },
  worker: { format: 'es' },
  build: { outDir: here('test-results/demo'), emptyOutDir: true },
});
