// Where the rows are measured: the built package, the pages with their peers bundled, and a server for both, in a
// temporary folder that is gone afterwards. A build that starts meanwhile cannot change what is being measured.
import { cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { openBrowser } from './browser.mjs';
import { serve } from './server.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = fileURLToPath(new URL('pages/', import.meta.url));

export async function openLab() {
  const folder = await mkdtemp(join(tmpdir(), 'busline-bench-'));
  try {
    await cp(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
    // Where packages are found that dist leaves to its user.
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    await bundle(join(folder, 'pages'));
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
  const server = await serve(folder);
  return {
    dist: join(folder, 'dist'),
    browser: () => openBrowser(server.origin),
    async close() {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Pages import `busline` as it stands in dist, worker literal and all; only the peers become part of the bundle. */
async function bundle(dir) {
  const files = await readdir(pages);
  const result = await rolldown({
    cwd: root,
    input: Object.fromEntries(files.map((file) => [file.replace(/\.js$/, ''), join(pages, file)])),
    platform: 'browser',
    external: ['busline'],
    checks: { bundlerTimings: false },
  });
  await result.write({ dir, format: 'esm', minify: true, chunkFileNames: 'chunk-[name].js' });
  await result.close();
}
