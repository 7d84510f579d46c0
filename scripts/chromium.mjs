// The Chromium of tests and benchmarks: Debian's, unless BUSLINE_CHROMIUM names another, and quiet towards the network.

/** @type {string} */
export const executablePath = process.env.BUSLINE_CHROMIUM ?? '/usr/bin/chromium';

/** @type {string[]} */
export const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
