// A page that works, has nothing to do for a while, and works again. Nobody is attached to it: it reports by itself.
import { createBus } from '../../../src/index.ts';

const idle = Number(new URL(location.href).searchParams.get('idle'));

async function report(): Promise<unknown> {
  const bus = createBus({ name: 'idle', hosts: ['service-worker'], workerUrl: '/worker.js' });
  const terms: number[] = [];
  bus.on('host', ({ term }) => terms.push(term));
  const got: unknown[] = [];
  const subscription = bus.subscribe('room', ({ content }) => got.push(content), { from: 'earliest' });
  await subscription.ready;
  await bus.send({ channelId: 'room', content: 'before' });
  // The one thing that time itself is asked of here: the browser stops a service worker that is idle for long.
  await new Promise((resolve) => setTimeout(resolve, idle));
  const began = performance.now();
  await bus.send({ channelId: 'room', content: 'after' });
  const took = performance.now() - began;
  return { got, terms, took, host: bus.status.getSnapshot().host };
}

const told = await report().catch((error: unknown) => ({ error: String(error) }));
await fetch('/told', { method: 'POST', body: JSON.stringify(told) });
