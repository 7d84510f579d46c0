// Serves a folder on a free loopback port, and at `/` an empty page in which `busline` is the built package.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const types = { '.js': 'text/javascript', '.map': 'application/json' };
const page = `<!doctype html><title>bench</title>
<script type="importmap">{ "imports": { "busline": "/dist/index.js" } }</script>`;
const headers = { 'cache-control': 'max-age=3600' };

export async function serve(folder) {
  const server = createServer((request, response) => {
    void answer(folder, new URL(request.url, 'http://localhost').pathname, response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

async function answer(folder, path, response) {
  if (path === '/') return response.writeHead(200, { ...headers, 'content-type': 'text/html' }).end(page);
  const file = join(folder, normalize(path));
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return response.writeHead(404, headers).end();
  response.writeHead(200, { ...headers, 'content-type': types[extname(file)] ?? 'application/octet-stream' });
  return createReadStream(file).pipe(response);
}
