// The pages of the tests, bundled into a temporary folder and served to one engine: what a test calls runs in there.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import type { Answer, PageFunctions } from '../page/main.ts';
import { quietly } from './engine.ts';
import type { Browser, Engine } from './engine.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = 'test/engines/page';
const html = '<!doctype html><title>busline</title><script type="module" src="/main.js"></script>';
const ready = `new Promise((resolve) => {
  const look = () => ('engineTests' in globalThis ? resolve('') : setTimeout(look, 5));
  look();
})`;
/** Isolated pages share memory with their workers: so a worker that hangs can be told to wake up. */
const headers = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cache-control': 'no-store',
};

type Arguments<K extends keyof PageFunctions> = Parameters<PageFunctions[K]>;
type Result<K extends keyof PageFunctions> = Awaited<ReturnType<PageFunctions[K]>>;

export interface Lab {
  readonly engine: string;
  /** Calls a function of page/ in the page; arguments and result are JSON. */
  call<K extends keyof PageFunctions>(name: K, ...given: Arguments<K>): Promise<Result<K>>;
  close(): Promise<void>;
}

export async function openLab(engine: Engine, quota?: number): Promise<Lab> {
  const dir = await mkdtemp(join(tmpdir(), 'busline-engines-'));
  let server: Server | undefined;
  let browser: Browser | undefined;
  const close = async (): Promise<void> => {
    if (browser !== undefined) await quietly(browser.close());
    server?.close();
    server?.closeAllConnections();
    await rm(dir, { recursive: true });
  };
  try {
    await bundle(dir);
    server = await serve(dir);
    browser = await engine.start(quota);
    const page = await browser.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    // A driver may say that a page is loaded before its module has run.
    await page.evaluate(ready);
    return {
      engine: `${engine.name} ${browser.version}`,
      async call(name, ...given) {
        const json = await page.evaluate(`engineTests(${JSON.stringify(name)}, ${JSON.stringify(given)})`);
        const answer = JSON.parse(json) as Answer;
        if ('error' in answer) throw new Error(`in ${engine.name}: ${answer.error}`);
        return answer.value as never;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function bundle(dir: string): Promise<void> {
  for (const name of ['main', 'old-host', 'worker', 'faulty-worker']) {
    const result = await rolldown({
      cwd: root,
      input: { [name]: `${folder}/${name}.ts` },
      platform: 'browser',
      checks: { bundlerTimings: false },
    });
    // The map is for those who count what ran: see scripts/browser-coverage.mjs.
    await result.write({ dir, format: 'esm', codeSplitting: false, sourcemap: 'inline' });
    await result.close();
  }
}

function serve(dir: string): Promise<Server> {
  const server = createServer((request, response) => {
    const send = (type: string, body: string | Buffer): unknown =>
      response.writeHead(200, { ...headers, 'content-type': type }).end(body);
    if (request.url === '/') send('text/html', html);
    else
      readFile(join(dir, request.url ?? '')).then(
        (body) => send('text/javascript', body),
        () => response.writeHead(404).end(),
      );
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
