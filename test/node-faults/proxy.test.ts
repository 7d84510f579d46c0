// The proxy itself: a way that is broken in no other manner than it says.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Proxy } from './proxy.ts';

let arrived = '';
let proxy: Proxy;
const sockets: Socket[] = [];
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    arrived += String(bytes);
    socket.write(`<${String(bytes)}>`);
  });
});

beforeEach(async () => {
  arrived = '';
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await Proxy.open((server.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.close();
  server.close();
  await once(server, 'close');
});

/** What it got, and whether it is closed. */
async function client(): Promise<{ got: string; isClosed: boolean; say: (text: string) => void }> {
  const socket = connect(proxy.port, '127.0.0.1');
  sockets.push(socket);
  const told = { got: '', isClosed: false, say: (text: string) => void socket.write(text) };
  socket.on('error', () => undefined);
  socket.on('close', () => (told.isClosed = true));
  socket.on('data', (bytes) => (told.got += String(bytes)));
  await once(socket, 'connect');
  return told;
}

async function answers(one: Awaited<ReturnType<typeof client>>, text: string): Promise<void> {
  one.say(text);
  await vi.waitFor(() => expect(one.got).toContain(`<${text}>`));
}

test('passes on what comes, in its order, also when it is slow', async () => {
  const one = await client();
  await answers(one, 'a');
  proxy.slow(40);
  const before = performance.now();
  one.say('b');
  await vi.waitFor(() => expect(arrived).toBe('ab'));
  expect(performance.now() - before).toBeGreaterThan(35);
  proxy.mend('leave');
  await answers(one, 'c');
  expect(one.got).toBe('<a><b><c>');
});

test('that swallows answers lets through what is asked, for as long as the connection lasts', async () => {
  const one = await client();
  await answers(one, 'a');
  proxy.swallow();
  one.say('b');
  await vi.waitFor(() => expect(arrived).toBe('ab'));
  const other = await client();
  await answers(other, 'c');
  proxy.mend('leave');
  one.say('d');
  await vi.waitFor(() => expect(arrived).toBe('abcd'));
  await answers(other, 'e');
  expect(one).toMatchObject({ got: '<a>', isClosed: false });
  proxy.mend('break');
  await vi.waitFor(() => expect(one.isClosed).toBe(true));
  expect(other.isClosed).toBe(false);
});

test('that is deaf swallows the answers of new connections as well', async () => {
  proxy.deafen();
  const one = await client();
  one.say('a');
  await vi.waitFor(() => expect(arrived).toBe('a'));
  proxy.mend('break');
  await vi.waitFor(() => expect(one.isClosed).toBe(true));
  expect(one.got).toBe('');
  await answers(await client(), 'b');
});

test('that is cut breaks what there is and takes nothing new, until it is mended', async () => {
  const one = await client();
  await answers(one, 'a');
  proxy.cut();
  await vi.waitFor(() => expect(one.isClosed).toBe(true));
  const other = await client();
  await vi.waitFor(() => expect(other.isClosed).toBe(true));
  proxy.mend('break');
  await answers(await client(), 'b');
});
