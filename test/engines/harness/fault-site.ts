// The pages of a fault run: the driver in one page, and the tabs, which are frames of it.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { serve } from '../../../e2e/support/server.ts';
import { bundleWith } from '../../faults/bundle.ts';
import type { Bundle, Edit } from '../../faults/bundle.ts';
import type { Job, Report } from '../page/faults.ts';
import type { Browser } from './engine.ts';

const driver = fileURLToPath(new URL('../page/faults.ts', import.meta.url));
const results = fileURLToPath(new URL('../../../test-results/faults/', import.meta.url));

const page = (script: string, file: string): string =>
  `<!doctype html><meta charset="utf-8"><title>faults</title><link rel="icon" href="data:,"><body><script>${script}</script><script type="module" src="${file}"></script>`;

/** What is told here is told at once, whatever becomes of the frame then. */
const tabScript = 'globalThis.report = parent.heard.bind(undefined, name)';

/** `edits`: bugs that are put in. */
export async function buildFaultSite(edits: readonly Edit[] = []): Promise<Bundle> {
  const site = await bundleWith(edits);
  const result = await rolldown({ input: driver, platform: 'browser', checks: { bundlerTimings: false } });
  await Promise.all([
    result.write({ file: join(site.folder, 'faults.js'), format: 'esm', codeSplitting: false }),
    writeFile(
      join(site.folder, 'index.html'),
      page('globalThis.report = new Promise((resolve) => (globalThis.finish = resolve))', 'faults.js'),
    ),
    writeFile(join(site.folder, 'tab.html'), page(tabScript, 'tab.js')),
  ]);
  await result.close();
  return site;
}

/** A run on an address of its own: so nothing is there of another one, no database, no worker and no lock. */
export async function runFaults(browser: Browser, { folder }: Bundle, job: Job): Promise<Report> {
  const site = await serve({ '/': folder });
  try {
    const opened = await browser.open(`${site.url}/#${encodeURIComponent(JSON.stringify(job))}`);
    return JSON.parse(await opened.evaluate('globalThis.report')) as Report;
  } finally {
    await site.close();
  }
}

/** Everything that was said in a run that failed, for whoever looks for the reason. */
export async function keepFacts(name: string, { facts }: Report): Promise<string> {
  await mkdir(results, { recursive: true });
  const file = join(results, `${name}.json`);
  await writeFile(file, JSON.stringify(facts));
  return file;
}
