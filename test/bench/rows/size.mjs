// What a page downloads, gzipped: the entry with all that it imports, and the worker.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { firstLoad } from '../../../scripts/import-graph.mjs';
import { limit, line } from '../measure.mjs';

const gzipped = (files) => files.reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0);

export async function size({ lab }) {
  const page = gzipped(firstLoad(join(lab.dist, 'index.js')).files);
  const worker = gzipped([join(lab.dist, 'worker.js')]);
  return [
    line({ what: 'page client, first load, gzipped', unit: 'kB', ours: [page], target: limit(8000, '8 kB') }),
    line({ what: 'worker, gzipped', unit: 'kB', ours: [worker], target: limit(24_000, '24 kB') }),
  ];
}
