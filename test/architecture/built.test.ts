// What the built files must be, whatever the source looks like: run after `npm run build`.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { firstLoad, importsOf } from '../../scripts/import-graph.mjs';

if (!existsSync('dist/index.js')) throw new Error('There is no dist: run npm run build');

const read = (file: string): string => readFileSync(file, 'utf8');
/** The source files that ended up in a built file, from its map; one without a map only passes names on. */
const sourcesOf = (file: string): string[] =>
  existsSync(`${file}.map`) ? (JSON.parse(read(`${file}.map`)) as { sources: string[] }).sources : [];

describe('the page entry', () => {
  const { files, bare } = firstLoad('dist/index.js');

  test('imports no package and nothing of Node', () => expect(bare).toEqual([]));

  test('holds only core, protocol and the page side of the browser folder', () => {
    const sources = files.flatMap(sourcesOf);
    expect(sources).not.toEqual([]);
    const foreign = /node_modules|\/src\/(socket|node|cli|testing)\/|\/browser\/(worker|start-host|indexeddb-log)\.ts$/;
    expect(sources.filter((source) => foreign.test(source))).toEqual([]);
  });

  test('makes its SharedWorker by the literal that bundlers look for, beside worker.js', () => {
    const literal =
      /new SharedWorker\(\s*new URL\(\s*(['"])\.\/worker\.js\1\s*,\s*import\.meta\.url\s*\)\s*,\s*\{\s*type:\s*(['"])module\2\s*,\s*name\b/;
    expect(files.filter((file) => literal.test(read(file)))).toHaveLength(1);
    expect(existsSync('dist/worker.js')).toBe(true);
  });
});

describe.each(['dist/worker.js', 'dist/start-host.js'])('%s', (file) => {
  test('is self-contained', () => expect(importsOf(file)).toEqual([]));
});

describe.each([
  ['dist/core.js', /node_modules|\/src\/(?!core|protocol|testing)/],
  // The host of a test bus is as every host: it checks frames by zod, and answers rare calls by comlink.
  ['dist/testing.js', /node_modules\/(?!zod\/|comlink\/)|\/src\/(?!core|protocol|testing)/],
])('%s', (file, foreign) => {
  test('runs anywhere: no package, nothing of Node, nothing of the browser folder', () => {
    const { files, bare } = firstLoad(file);
    expect(bare).toEqual([]);
    expect(files.flatMap(sourcesOf).filter((source) => foreign.test(source))).toEqual([]);
  });
});
