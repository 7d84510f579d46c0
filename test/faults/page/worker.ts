// The worker file of a run: the host, of whatever kind, with a way to break it from outside.
import { channelName, obey, tellBy } from './instrument.ts';
import type { HostOrder } from './instrument.ts';
import { startHost } from 'busline/worker';

startHost();

const orders = new BroadcastChannel(channelName);
tellBy((nonce, done) => orders.postMessage({ nonce, done }));
orders.addEventListener('message', ({ data }: MessageEvent<Partial<HostOrder>>) => {
  // A service worker has no `close`: there the browser ends it from outside.
  if (data.do !== undefined) obey(data as HostOrder, () => (globalThis as { close?: () => void }).close?.());
});
