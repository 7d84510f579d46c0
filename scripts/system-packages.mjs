// The programs that tests drive, from Debian's packages: installed when we may, named when we may not.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter } from 'node:path';

/** program → package */
const needed = {
  chromium: 'chromium',
  'firefox-esr': 'firefox-esr',
  WebKitWebDriver: 'webkit2gtk-driver',
  Xvfb: 'xvfb',
  xauth: 'xauth',
  'redis-server': 'redis-server',
};

/** Throws an error whose one-line message says what to type. */
export function ensureSystemPackages() {
  let missing = missingPackages();
  if (missing.length === 0) return;
  const advice = `missing programs: sudo apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) throw new Error(advice);
  console.log(`installing ${missing.join(' ')} …`);
  for (let attempt = 1; attempt <= 2 && missing.length > 0; attempt++) {
    apt('update');
    apt('install', '-y', '--no-install-recommends', ...missing);
    missing = missingPackages();
  }
  if (missing.length > 0) throw new Error(advice);
}

function missingPackages() {
  return Object.entries(needed)
    .filter(([program]) => !(program === 'chromium' && process.env.BUSLINE_CHROMIUM) && !onPath(program))
    .map(([, name]) => name);
}

function onPath(program) {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'].some((folder) => {
    try {
      accessSync(`${folder}/${program}`, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function apt(...args) {
  spawnSync('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
