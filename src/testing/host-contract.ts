// The contract of a host, executable: what the buses see that share one, whatever context it runs in and however often it ends.

import { hostTest } from './host-contract-bench.ts';
import type { HostSetup } from './host-contract-bench.ts';
import { testSuccession } from './host-contract-succession.ts';
import { testTalk } from './host-contract-talk.ts';
import { testWork } from './host-contract-work.ts';
import type { Runner } from './runner.ts';

/**
 * Registers the suite for a kind of host with a test runner: `testHost({ describe, test, expect }, { kind, begin, open })`.
 * With `endHost` it also says what must be so after the host's context has ended. Time has to pass: on a clock that
 * stands, let something move it.
 */
export function testHost<B>(runner: Runner, setup: HostSetup<B>): void {
  runner.describe('as a host', () => {
    const test = hostTest(runner, setup);
    testTalk(runner, test);
    testWork(runner, test, setup.kind);
    if (setup.endHost !== undefined) testSuccession(runner, test, setup);
  });
}
