// The demo: a user's app, importing the built package by its name.
import { fileURLToPath } from 'node:url';
import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('demo/chat'),
  base: './',
  plugins: [preact()],
  resolve: {
    alias: [
      { find: /^busline$/, replacement: here('dist/index.js') },
      { find: /^busline\/worker$/, replacement: here('dist/start-host.js') },
      { find: /^busline\/(.+)$/, replacement: here('dist/$1') },
    ],
  },
  server: { host: '127.0.0.1', port: 5173, strictPort: false, fs: { allow: [here('.')] } },
  worker: { format: 'es' },
  build: { outDir: here('test-results/demo'), emptyOutDir: true },
});
