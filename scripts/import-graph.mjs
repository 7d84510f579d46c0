// Which files of dist a browser fetches with an entry: its imports and theirs, not those behind `import()`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'rolldown/utils';

/** Everything a built or source file imports or re-exports: `{ specifier, dynamic }` each. */
export function importsOf(file) {
  const text = readFileSync(file, 'utf8');
  const { module, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`);
  return [
    ...module.staticImports.map(({ moduleRequest }) => ({ specifier: moduleRequest.value, dynamic: false })),
    ...module.staticExports
      .flatMap(({ entries }) => entries.flatMap(({ moduleRequest }) => moduleRequest ?? []))
      .map(({ value }) => ({ specifier: value, dynamic: false })),
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => ({
      specifier: text.slice(start + 1, end - 1),
      dynamic: true,
    })),
  ];
}

/** The files loaded with `entry`, itself first, and the bare specifiers that none of them contains. */
export function firstLoad(entry) {
  const files = new Set([entry]);
  const bare = new Set();
  for (const file of files) {
    for (const { specifier, dynamic } of importsOf(file)) {
      if (dynamic) continue;
      if (specifier.startsWith('.')) files.add(join(file, '..', specifier));
      else bare.add(specifier);
    }
  }
  return { files: [...files], bare: [...bare] };
}

/** The names a file exports; `default` for the default export, `*` for `export * from`. */
export function exportsOf(file) {
  const { module } = parseSync(file, readFileSync(file, 'utf8'));
  return module.staticExports.flatMap(({ entries }) =>
    entries.map(({ exportName, importName }) =>
      importName.kind === 'AllButDefault' ? '*' : (exportName.name ?? 'default'),
    ),
  );
}
