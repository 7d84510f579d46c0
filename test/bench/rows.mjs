// The rows by the names that `--only` takes, in the order of the table.
import { catchUp, openLarge } from './rows/catch-up.mjs';
import { failover, failoverCost } from './rows/failover.mjs';
import { filesLatency, filesOpen, filesSustained, hubMemory } from './rows/files.mjs';
import { inProcess } from './rows/in-process.mjs';
import { redisGroup, redisLatency, redisSustained } from './rows/redis.mjs';
import { size } from './rows/size.mjs';
import { ephemeral, leaderTab, oneAtATime, sustainedStored } from './rows/tab-to-tab.mjs';
import { fanOuts, memory } from './rows/tabs.mjs';
import { takeover, takeoverHung } from './rows/takeover.mjs';

export const rows = {
  sustained: { run: sustainedStored, inBrowser: true },
  'leader-tab': { run: leaderTab, inBrowser: true },
  'one-at-a-time': { run: oneAtATime, inBrowser: true },
  ephemeral: { run: ephemeral, inBrowser: true },
  'fan-out': { run: fanOuts, inBrowser: true },
  'catch-up': { run: catchUp, inBrowser: true },
  'open-large': { run: openLarge, inBrowser: true },
  takeover: { run: takeover, inBrowser: true },
  hung: { run: takeoverHung, inBrowser: true },
  memory: { run: memory, inBrowser: true },
  'in-process': { run: inProcess, inBrowser: false },
  redis: { run: redisSustained, inBrowser: false },
  'redis-latency': { run: redisLatency, inBrowser: false },
  'redis-group': { run: redisGroup, inBrowser: false },
  files: { run: filesSustained, inBrowser: false },
  'files-latency': { run: filesLatency, inBrowser: false },
  'files-open': { run: filesOpen, inBrowser: false },
  'hub-memory': { run: hubMemory, inBrowser: false },
  failover: { run: failover, inBrowser: false },
  'failover-cost': { run: failoverCost, inBrowser: false },
  size: { run: size, inBrowser: false },
};
