// Short fault runs in every engine: what a person would see of lost, doubled or reordered messages, of promises that never
// settle and of work that nobody does. test/faults breaks a Chromium in every way there is, from outside; here the same runs,
// with the faults that can be had from within a page, show whether the other engines keep the same promises. `npm test` makes
// one short run of each kind of worker that a page has first; all of them are for the hand.
//
// A run that failed once: BUSLINE_SEED=7 npx vitest run --project engines-long test/engines/faults.test.ts -t "Firefox"
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { HostKind } from '../../src/index.ts';
import type { Bundle } from '../faults/bundle.ts';
import type { Mix } from '../faults/plan.ts';
import { planted } from '../faults/planted.ts';
import { chromium } from './harness/chromium.ts';
import type { Browser } from './harness/engine.ts';
import { engines, isLong, otherEngines } from './harness/engines.ts';
import { buildFaultSite, keepFacts, runFaults } from './harness/fault-site.ts';

// Every frame would be counted by itself.
vi.hoisted(() => vi.stubEnv('BUSLINE_COVERAGE', undefined));

const first: readonly HostKind[] = ['shared-worker', 'leader-tab'];
const kinds: readonly HostKind[] = isLong ? [...first, 'service-worker', 'page'] : first;
const asked = process.env['BUSLINE_SEED'];
const seeds = asked !== undefined ? [Number(asked)] : isLong ? [1, 2] : [1];

/** In every other seed the storage is cleared, too, by the bus or as a browser does: then less of the rest can be checked. */
const mixOf = (seed: number): Mix => ({
  steps: 10,
  wait: [150, 450],
  lasting: [200, 600],
  weights: {
    'close tab': 4,
    'crash tab': 1,
    'reload tab': 3,
    'leave and come back': 4,
    'hang tab': 1,
    'hang host': 3,
    'hang host in a commit': 3,
    'close host': 4,
    'throw in host': 2,
    'kill host': 4,
    'quota full': 3,
    'move clock': 3,
    ...(seed % 2 === 0 && { 'clear storage': 2 }),
  },
});

const longest = 120_000;

describe.each(isLong ? engines : otherEngines)('in $name', (engine) => {
  let site: Bundle | undefined;
  let browser: Browser | undefined;
  beforeAll(async () => {
    site = await buildFaultSite();
    browser = await engine.start();
  }, longest);
  afterAll(async () => {
    await browser?.close();
    await site?.remove();
  });

  describe.each(kinds)('under a %s', (kind) => {
    test.each(seeds)(
      'nothing is lost, doubled or reordered with seed %i',
      async (seed) => {
        const report = await runFaults(browser as Browser, site as Bundle, { kind, seed, mix: mixOf(seed) });
        const { problems, counts, ms, sent, got, plan } = report;
        console.log(
          `${engine.name}, ${kind}, seed ${seed}: ${Math.round(ms)} ms, ${sent} sent, ${got} received,`,
          counts,
        );
        if (problems.length > 0) {
          const file = await keepFacts(`${engine.name}-${kind}-${seed}`, report);
          console.log(`${plan}\nEverything that was said is in ${file}.`);
        }
        expect(problems.slice(0, 20)).toEqual([]);
        expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(5);
      },
      longest,
    );
  });
});

test.each(isLong ? [chromium] : [])(
  'a bug that was put in is found, in $name',
  async (engine) => {
    const bug = planted.find(({ name }) => name === 'no-append-rule') as (typeof planted)[number];
    const site = await buildFaultSite([bug]);
    const browser = await engine.start();
    try {
      const found: string[] = [];
      for (let seed = 1; seed <= 8 && found.length === 0; seed++) {
        const { problems } = await runFaults(browser, site, { kind: 'shared-worker', seed, mix: bug.mix });
        found.push(...problems.filter((problem) => bug.shows.test(problem)));
      }
      expect(found).not.toEqual([]);
    } finally {
      await browser.close();
      await site.remove();
    }
  },
  longest,
);
