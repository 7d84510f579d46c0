// Serves the built package and the pages of the tests, on a free loopback port.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  // Already without its types.
  '.ts': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.map': 'application/json',
};

export interface Server {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the folders, each under its path. `rewritten`: what becomes of the text of files that are asked for under a path. */
export async function serve(
  folders: Readonly<Record<string, string>>,
  rewritten: Readonly<Record<string, (text: string) => string>> = {},
): Promise<Server> {
  const server = createServer((request, response) => {
    const asked = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    // As over a slow line: /slow/3000/… answers after three seconds.
    const [, delay = '0', path = asked] = /^\/slow\/(\d+)(\/.*)$/.exec(asked) ?? [];
    const [mount, folder] = Object.entries(folders).find(([at]) => path.startsWith(at)) ?? [];
    if (mount === undefined || folder === undefined) {
      response.writeHead(404).end();
      return;
    }
    const rewrite = rewritten[mount];
    const file = join(folder, path.slice(mount.length) || 'index.html');
    Promise.all([readFile(file), sleep(Number(delay))]).then(
      ([body]) =>
        response
          .writeHead(200, {
            'content-type': types[extname(file)] ?? 'application/octet-stream',
            'cache-control': 'no-store',
          })
          .end(rewrite === undefined ? body : rewrite(String(body))),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
