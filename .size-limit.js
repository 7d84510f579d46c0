// What a page pays, gzipped. These gates keep what is reached from growing; what is aimed at for the page (8 kB) is the row
// of `npm run bench`, which says by how much it is missed.
import { existsSync } from 'node:fs';
import { firstLoad } from './scripts/import-graph.mjs';

const page = 'dist/index.js';

export default [
  { name: 'page, first load', path: existsSync(page) ? firstLoad(page).files : page, limit: '24.8 kB', gzip: true },
  { name: 'worker', path: 'dist/worker.js', limit: '35.8 kB', gzip: true },
  { name: "a user's own worker", path: 'dist/start-host.js', limit: '56.2 kB', gzip: true },
];
