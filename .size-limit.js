// What a page pays, gzipped.
import { existsSync } from 'node:fs';
import { firstLoad } from './scripts/import-graph.mjs';

const page = 'dist/index.js';

export default [
  { name: 'page, first load', path: existsSync(page) ? firstLoad(page).files : page, limit: '8 kB', gzip: true },
  { name: 'worker', path: 'dist/worker.js', limit: '24 kB', gzip: true },
  { name: "a user's own worker", path: 'dist/start-host.js', limit: '31 kB', gzip: true },
];
