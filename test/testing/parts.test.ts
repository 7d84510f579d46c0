// A test bus knows all parts that are loaded when they are first used.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importsOf } from '../../scripts/import-graph.mjs';

function loadedLater(files: readonly string[]): readonly string[] {
  const targets = files.flatMap((file) =>
    importsOf(file).flatMap(({ specifier, dynamic }) => (dynamic ? [join(file, '..', specifier)] : [])),
  );
  return [...new Set(targets)].toSorted();
}

test('the parts of a test bus are those that the core and the protocol load by need', () => {
  const sources = ['src/core', 'src/protocol'].flatMap((folder) =>
    readdirSync(folder).map((file) => join(folder, file)),
  );
  expect(loadedLater(['src/testing/parts.ts'])).toEqual(loadedLater(sources.filter((file) => file.endsWith('.ts'))));
});
