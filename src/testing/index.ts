// busline/testing: the contracts as suites. Who writes a log or a link calls its suite from a test file and is told what is
// missing. The test runner is handed in.

export { testLog } from './log-contract.ts';
export type { LogSetup } from './log-setup.ts';
export { testLink } from './link-contract.ts';
export type { LinkPair } from './link-contract.ts';
export type { Expectation, Runner } from './runner.ts';
