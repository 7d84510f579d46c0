// busline/testing: several tabs and their host in one process, for users' own tests; and the contracts as suites. Who writes
// a log, a link, a host or an adapter calls its suite from a test file and is told what is missing. The test runner is handed in.

export { testLog } from './log-contract.ts';
export type { LogSetup } from './log-setup.ts';
export { testLink } from './link-contract.ts';
export type { LinkPair } from './link-contract.ts';
export { testHost } from './host-contract.ts';
export type { HostSetup } from './host-contract-bench.ts';
export type { Expectation, Runner } from './runner.ts';
export { createTestBus } from './test-bus.ts';
export type { TestBus, TestBusOptions } from './test-bus.ts';
export { testAdapter } from './adapter-contract.ts';
export type { AdapterSetup, AdapterUnderTest } from './adapter-bench.ts';
