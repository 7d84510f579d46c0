#!/usr/bin/env node
// busline, the command line. Data goes to the standard output and all else to the standard error. It ends with 0, with 1 if it
// failed, with 2 if it was used wrongly.

import { runCommandLine } from './program.ts';

await runCommandLine(process.argv.slice(2));
