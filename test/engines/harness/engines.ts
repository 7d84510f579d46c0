// The engines that browsers are made of. A test file calls `inEveryEngine` and is given the same page in each of them.
import { afterAll, beforeAll, describe } from 'vitest';
import { chromium } from './chromium.ts';
import { firefox } from './firefox.ts';
import { openLab } from './lab.ts';
import type { Lab } from './lab.ts';
import { webkit } from './webkit.ts';

export const engines = [chromium, firefox, webkit];

/** `lab` is there once the tests run. */
export function inEveryEngine(what: string, body: (lab: () => Lab, name: string) => void): void {
  describe.each(engines)(`${what} in $name`, (engine) => {
    let lab: Lab | undefined;
    beforeAll(async () => {
      lab = await openLab(engine);
    }, 120_000);
    afterAll(() => lab?.close());
    body(() => lab as Lab, engine.name);
  });
}
