// The host, as pages start it.
import '../../../src/browser/worker.ts';
