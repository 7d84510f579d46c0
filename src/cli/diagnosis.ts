// What `busline doctor` looks at. Nothing here needs a hub: it has to say what is wrong also where none can be opened.

import { createRequire } from 'node:module';
import { isBusError } from '../core/errors.ts';
import type { Finding } from '../node/finding.ts';
import { directoryFindings } from '../node/hub/directory-findings.ts';
import { shownAddress } from '../node/hub/redis-address.ts';
import type { Settings } from '../node/hub/settings.ts';
import { Connection } from '../node/redis-log/connection.ts';
import { findingsOf, infoOf } from '../node/redis-log/findings.ts';
import { redisPackage } from '../node/redis-log/redis-package.ts';
import { version } from './version.ts';

export type Diagnosis = Finding | { readonly level: 'ok'; readonly what: string };

/** The versions of Node that this package is made for, and how far clocks may be apart, in milliseconds. */
const oldest = [20, 19] as const;
const tolerance = 1000;

const ok = (what: string): Diagnosis => ({ level: 'ok', what });

export async function diagnose(settings: Settings): Promise<readonly Diagnosis[]> {
  return [
    ok(`busline ${version()}`),
    node(),
    ...(await directory(settings)),
    ...(settings.redis === undefined ? [ok('No Redis is set: the log is in files.')] : await redis(settings.redis)),
  ];
}

function node(): Diagnosis {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOld = major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
  const what = `Node ${process.versions.node}`;
  if (!isOld) return ok(what);
  return { level: 'problem', what: `${what} is too old.`, advice: `Use Node ${oldest.join('.')} or newer.` };
}

async function directory({ directory: folder, redis: isShared }: Settings): Promise<readonly Diagnosis[]> {
  // With Redis nothing is kept there yet.
  if (isShared !== undefined) return [];
  const found = await directoryFindings(folder);
  return found.length > 0 ? found : [ok(`The folder ${folder} is on a local disk and can be written to.`)];
}

function installed(): Diagnosis {
  const { version: there } = createRequire(import.meta.url)('redis/package.json') as { readonly version: string };
  const major = Number(there.split('.')[0]);
  if (major >= 6) return ok(`redis ${there}, the package`);
  const advice = 'Install a newer one: npm install redis@6';
  return { level: 'warning', what: `The package redis ${there} is older than what this was made for.`, advice };
}

async function redis({ url, deadline }: NonNullable<Settings['redis']>): Promise<readonly Diagnosis[]> {
  const nothing = (): void => undefined;
  const prepare = (): Promise<void> => Promise.resolve();
  const connection = new Connection({ url, deadline, onBell: nothing, onGap: nothing, prepare });
  try {
    redisPackage();
    await connection.open(deadline);
    const asked = Date.now();
    const [seconds, micros] = (await connection.command(['TIME'])) as readonly string[];
    const clock = clockOf(Number(seconds) * 1000 + Number(micros) / 1000, asked, Date.now());
    const found = await findingsOf((command) => connection.command(command));
    const none = found.length === 0 ? [ok('It keeps what it acknowledges, and deletes nothing by itself.')] : [];
    const release = await versionOf(connection);
    return [installed(), ok(`Redis ${release}answers at ${shownAddress(url)}.`), clock, ...found, ...none];
  } catch (error) {
    if (!isBusError(error)) throw error;
    const why = error.message.replace(` [${error.code}] ${error.advice}`, '');
    // Whoever reads this has asked the doctor already.
    const advice = error.advice.replace(/; `busline doctor`.*/, '.');
    return [{ level: 'problem', what: `Redis at ${shownAddress(url)} cannot be used: ${why}`, advice }];
  } finally {
    connection.close();
  }
}

/** With a space behind it; nothing where it may not be asked. */
async function versionOf(connection: Connection): Promise<string> {
  const info = await connection.command(['INFO', 'server']).catch(() => '');
  const known = infoOf(String(info)).get('redis_version');
  return known === undefined ? '' : `${known} `;
}

/** Its clock stood somewhere between question and answer. */
function clockOf(there: number, asked: number, answered: number): Diagnosis {
  const apart = Math.round(there < asked ? there - asked : Math.max(0, there - answered));
  if (Math.abs(apart) <= tolerance) return ok('The clocks of Redis and of this machine agree.');
  const what = `The clock of Redis is ${Math.abs(apart)} ms ${apart > 0 ? 'ahead of' : 'behind'} the one here.`;
  return { level: 'warning', what, advice: 'Let both machines keep their time by NTP: dates and expiry go by it.' };
}
