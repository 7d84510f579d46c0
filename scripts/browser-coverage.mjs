// How much of src/browser ran in the browser tests: V8's counts of dist, taken back to the source. At least 85 % of the
// statements: what runs in service workers, and in workers that tests kill, is not counted. Usage: browser-coverage.mjs FOLDER
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convert } from 'ast-v8-to-istanbul';
import istanbul from 'istanbul-lib-coverage';
import { parseAst } from 'vite';
import { root } from './dependencies.mjs';

const least = 85;
const folder = process.argv[2];
const map = istanbul.createCoverageMap();
const built = new Map();

/** The same file has the same name, whichever bundle it was in. */
function named(source) {
  return source.includes('node_modules')
    ? source
    : `${root}src/${source
        .split('/src/')
        .at(-1)
        .replace(/^(\.\.\/)*src\//, '')}`;
}

function prepare(code, mapText) {
  const sourceMap = JSON.parse(mapText);
  return { code, ast: parseAst(code), sourceMap: { ...sourceMap, sources: sourceMap.sources.map(named) } };
}

/** A file of dist, or a bundle of the tests that carries its source and map along. */
function load(url, source) {
  const name = url.split('/').at(-1);
  const key = source ?? name;
  if (built.has(key)) return built.get(key);
  if (source === undefined) {
    const file = join(root, 'dist', name);
    built.set(key, prepare(readFileSync(file, 'utf8'), readFileSync(`${file}.map`, 'utf8')));
  } else {
    const [, base64] = /sourceMappingURL=data:application\/json;[^,]*base64,(\S+)/.exec(source);
    built.set(key, prepare(source, Buffer.from(base64, 'base64').toString()));
  }
  return built.get(key);
}

for (const entry of readdirSync(folder)) {
  for (const { url, functions, source } of JSON.parse(readFileSync(join(folder, entry), 'utf8'))) {
    const coverage = { url: 'file:///bundle.js', scriptId: '0', functions };
    map.merge(await convert({ ...load(url, source), wrapperLength: 0, coverage }));
  }
}

const total = istanbul.createCoverageSummary();
for (const file of map
  .files()
  .filter((name) => name.includes('/src/browser/'))
  .toSorted()) {
  const summary = map.fileCoverageFor(file).toSummary();
  total.merge(summary);
  if (summary.statements.pct < 100)
    console.log(`${summary.statements.pct.toFixed(1).padStart(6)} %  ${file.slice(file.indexOf('src/'))}`);
}
console.log(`${total.statements.pct.toFixed(1).padStart(6)} %  src/browser, statements; at least ${least}`);
process.exit(total.statements.pct >= least ? 0 : 1);
