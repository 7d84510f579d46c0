// The engines that browsers are made of. A test file calls `inEveryEngine` and is given the same page in each of them.
import { afterAll, beforeAll, describe } from 'vitest';
import { chromium } from './chromium.ts';
import type { Engine } from './engine.ts';
import { firefox } from './firefox.ts';
import { openLab } from './lab.ts';
import type { Lab } from './lab.ts';
import { webkit } from './webkit.ts';

export const engines = [chromium, firefox, webkit];
/** Those that e2e/ and test/faults do not run in. */
export const otherEngines = [firefox, webkit];
/** By hand, everything: `npx vitest run --project engines-long`. In `npm test`, what is most likely to find something. */
export const isLong = process.env['BUSLINE_ENGINES'] === 'long';

/** `lab` is there once the tests run. */
export function inEveryEngine(
  what: string,
  body: (lab: () => Lab, name: string) => void,
  among: readonly Engine[] = engines,
): void {
  describe.each(among)(`${what} in $name`, (engine) => {
    let lab: Lab | undefined;
    beforeAll(async () => {
      lab = await openLab(engine);
    }, 120_000);
    afterAll(() => lab?.close());
    body(() => lab as Lab, engine.name);
  });
}
