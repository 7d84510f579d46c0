// What the rows of a hub need beside their processes: a Redis of their own, a folder on a disk, and the peers' packages.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const peers = fileURLToPath(new URL('peers', import.meta.url));

/** A folder where no file system in memory flatters; gone afterwards. */
export async function withFolder(use) {
  const folder = await mkdtemp(fileURLToPath(new URL('../../node_modules/.busline-bench-', import.meta.url)));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, maxRetries: 3 });
  }
}

/** A Redis that keeps everything in memory, for ours and the peers alike. */
export function withRedis(use) {
  return withFolder(async (folder) => {
    const port = await freePort();
    const options = ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
    let server;
    const start = async () => {
      server = spawn('redis-server', options.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
      for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept connections')) break;
      server.stdout.resume();
    };
    const stop = async () => {
      server.kill('SIGKILL');
      await once(server, 'exit');
    };
    try {
      await start();
      return await use({ port, url: `redis://127.0.0.1:${port}`, start, stop });
    } finally {
      await stop();
    }
  });
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Peers that take a compiler are installed when they are measured for the first time. */
export async function ensurePeers() {
  try {
    await Promise.all(
      ['bullmq', 'better-sqlite3/build/Release'].map((name) => access(join(peers, 'node_modules', name))),
    );
  } catch {
    console.log('installing what is compared with …');
    await promisify(execFile)('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund'], {
      cwd: peers,
      timeout: 10 * 60_000,
    });
  }
}
