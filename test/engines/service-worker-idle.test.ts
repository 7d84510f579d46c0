// A service worker that is looked at by a debugger is never stopped: this browser is started by hand, and nobody attaches.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';
import { args, executablePath } from '../../scripts/chromium.mjs';

const page = fileURLToPath(new URL('page/', import.meta.url));
const html = '<!doctype html><title>idle</title><script type="module" src="/idle.js"></script>';

async function bundle(name: string): Promise<string> {
  const result = await rolldown({ input: `${page}${name}.ts`, platform: 'browser', checks: { bundlerTimings: false } });
  const { output } = await result.generate({ format: 'esm', codeSplitting: false });
  await result.close();
  return output[0].code;
}

test('under a service worker work goes on after a minute in which nothing happened', async () => {
  const scripts = new Map([
    ['/idle.js', await bundle('idle')],
    ['/worker.js', await bundle('worker')],
  ]);
  const profile = await mkdtemp(join(tmpdir(), 'busline-idle-'));
  let tell!: (told: unknown) => void;
  let fail!: (why: Error) => void;
  const told = new Promise<unknown>((resolve, reject) => ([tell, fail] = [resolve, reject]));
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/told') {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        tell(JSON.parse(body));
        response.end();
      });
      return;
    }
    const script = scripts.get(path);
    response.writeHead(path === '/' || script !== undefined ? 200 : 404, {
      'content-type': script === undefined ? 'text/html' : 'text/javascript',
    });
    response.end(script ?? html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?idle=60000`;
  const browser = spawn(executablePath, [...args, '--headless=new', `--user-data-dir=${profile}`, url], {
    stdio: 'ignore',
    detached: true,
  });
  browser.on('exit', (code) => fail(new Error(`the browser ended with ${code}`)));
  try {
    const { got, terms, host } = (await told) as { got: unknown; terms: number[]; host: string };
    expect({ got, host }).toEqual({ got: ['before', 'after'], host: 'service-worker' });
    // It was stopped meanwhile, and started anew: each start takes the next term.
    expect(terms.length).toBeGreaterThanOrEqual(2);
    expect(terms).toEqual(terms.map((_, at) => (terms[0] as number) + at));
  } finally {
    browser.removeAllListeners('exit');
    const gone = once(browser, 'exit');
    browser.kill('SIGKILL');
    await gone;
    server.close();
    server.closeAllConnections();
    await rm(profile, { recursive: true, force: true, maxRetries: 10 });
  }
}, 120_000);
