// The rules of who may import whom, held on the source. A folder or a package that is not named here is a decision
// still to be made: make it here.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exportsOf, importsOf } from '../../scripts/import-graph.mjs';

interface Rule {
  /** Folders of src beside its own. */
  readonly folders: readonly string[];
  /** Packages, and `node:` for Node's own modules. */
  readonly packages: readonly string[];
}

/** By folder of src; '' is the entries that stand in src itself. */
const rules: { readonly [folder: string]: Rule } = {
  '': { folders: ['core', 'protocol', 'browser', 'socket', 'node'], packages: [] },
  core: { folders: [], packages: [] },
  protocol: { folders: ['core'], packages: ['zod', 'comlink'] },
  testing: { folders: ['core', 'protocol'], packages: [] },
  browser: { folders: ['core', 'protocol'], packages: ['idb', 'zod'] },
  socket: { folders: ['core', 'protocol'], packages: ['socket.io', 'socket.io-client', 'zod'] },
  node: { folders: ['core', 'protocol'], packages: ['node:', 'redis', 'zod', 'pino', 'cockatiel', 'chokidar'] },
  cli: { folders: ['core', 'protocol', 'socket', 'node'], packages: ['node:', 'commander'] },
};

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => file.replaceAll('\\', '/'));
const folderOf = (file: string): string => (file.includes('/') ? file.slice(0, file.indexOf('/')) : '');
const targetsOf = (file: string): string[] =>
  importsOf(join('src', file)).flatMap(({ specifier }) =>
    specifier.startsWith('.') ? [join(file, '..', specifier)] : [],
  );
const graph = new Map(files.map((file) => [file, targetsOf(file)]));

describe('the source', () => {
  test('has files', () => expect(files).not.toEqual([]));

  test.each(files)('%s imports only what its folder may', (file) => {
    const rule = rules[folderOf(file)];
    expect(rule, `no rule for src/${folderOf(file)} yet`).toBeDefined();
    if (!rule) return;
    const offending = importsOf(join('src', file))
      .map(({ specifier }) => specifier)
      .filter((specifier) => !isAllowed(file, specifier, rule));
    expect(offending).toEqual([]);
  });

  test('has no import cycles, counting types', () => {
    expect(findCycle()).toEqual([]);
  });

  test('keeps logs apart: none imports another', () => {
    const isLog = (file: string): boolean => file.endsWith('-log.ts');
    const pairs = files.filter(isLog).flatMap((file) => (graph.get(file) ?? []).filter(isLog).map((to) => [file, to]));
    expect(pairs).toEqual([]);
  });

  test('names its files in kebab-case', () => {
    const word = '[a-z0-9]+(-[a-z0-9]+)*';
    expect(files.filter((file) => !new RegExp(`^(${word}/)*${word}\\.tsx?$`).test(file))).toEqual([]);
  });

  test('has no default exports, and exports nothing by star', () => {
    const curated = (file: string): boolean =>
      exportsOf(join('src', file)).every((name) => name !== 'default' && name !== '*');
    expect(files.filter((file) => !curated(file))).toEqual([]);
  });
});

function isAllowed(file: string, specifier: string, rule: Rule): boolean {
  if (specifier.startsWith('.')) {
    const target = join(file, '..', specifier);
    const folder = folderOf(target);
    return graph.has(target) && (folder === folderOf(file) || rule.folders.includes(folder));
  }
  return rule.packages.some((name) =>
    name.endsWith(':') ? specifier.startsWith(name) : specifier === name || specifier.startsWith(`${name}/`),
  );
}

/** The first cycle found, as the files along it. */
function findCycle(): string[] {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const target of graph.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle.length > 0) return cycle;
    }
    done.add(file);
    return [];
  };
  return files.map((file) => visit(file, [])).find((cycle) => cycle.length > 0) ?? [];
}
