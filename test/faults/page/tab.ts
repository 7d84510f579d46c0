// A tab of a run. It sends, reads, works, asks and writes until it is told to stop; the driver calls what it puts on `globalThis`.
import { hang, channelName, obey, shiftClock, tellBy } from './instrument.ts';
import type { HostOrder } from './instrument.ts';
import { createBus, deleteBus } from 'busline';
import { lookAtAll } from './final.ts';
import { life, setup } from './life.ts';
import { endings, live } from './living.ts';
import { subscribe } from './receive.ts';
import { read } from './story.ts';
import { flush, tell, tellAgain } from './tell.ts';
import { consume, respond } from './work.ts';

tell({ t: 'born', life });
addEventListener('error', ({ message }) => tell({ t: 'uncaught', life, message }));
addEventListener('unhandledrejection', ({ reason }) => tell({ t: 'uncaught', life, message: String(reason) }));

// Whoever makes the worker of a leader tab leads.
const { Worker: PlainWorker } = globalThis;
globalThis.Worker = class extends PlainWorker {
  constructor(...given: ConstructorParameters<typeof Worker>) {
    super(...given);
    tell({ t: 'hosting', life });
    flush();
  }
};

let orders: BroadcastChannel | undefined;
tellBy((nonce, what) => {
  tell({ t: 'fault', nonce, what });
  flush();
});

/** Hears what workers say they did. Where there is no worker, the page that hosts does it itself. */
function listen(): void {
  orders = new BroadcastChannel(channelName);
  orders.addEventListener('message', ({ data }: MessageEvent<{ nonce: string; done?: string }>) => {
    if (data.done !== undefined) tell({ t: 'fault', nonce: data.nonce, what: data.done });
    else if (setup.kind === 'page') obey(data as HostOrder, () => undefined);
  });
}
listen();
// In the back-forward cache a page that is talked to is dropped.
addEventListener('pagehide', () => orders?.close());
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) listen();
  tell({ t: 'back', life });
});

const bus = createBus({ name: setup.bus, hosts: [setup.kind], workerUrl: './worker.js', author: 'person' });
bus.on('host', ({ to, term }) => {
  const kind = to.slice(0, to.indexOf(':'));
  tell({ t: 'host', life, kind, term, storeId: '' });
  if (kind === 'page') tell({ t: 'hosting', life });
});
bus.on('error', ({ code, message }) =>
  tell(code === 'HOST_BUSY' ? { t: 'busy', life } : { t: 'error', life, code, message }),
);
let wasMemory = false;
bus.status.subscribe(() => {
  const { durability, host } = bus.status.getSnapshot();
  const isMemory = durability === 'memory' && host !== 'connecting' && host !== 'closed';
  if (isMemory && !wasMemory) tell({ t: 'memory', life });
  wasMemory = isMemory;
});
bus.ready.then(
  ({ host, term, storeId }) => tell({ t: 'host', life, kind: host, term, storeId }),
  (error: unknown) => tell({ t: 'uncaught', life, message: String(error) }),
);

async function begin(): Promise<void> {
  consume(bus);
  respond(bus);
  read(bus);
  subscribe(bus);
  await live(bus);
}

const commands = {
  hang,
  shiftClock,
  order: (order: HostOrder) => {
    orders?.postMessage(order);
    // A channel does not hear itself.
    if (setup.kind === 'page') obey(order, () => undefined);
  },
  tellAgain,
  clear: async (nonce: string) => {
    await deleteBus(setup.bus);
    tell({ t: 'fault', nonce, what: 'cleared' });
  },
  ...endings(bus),
};

declare global {
  var faults: typeof commands;
}
globalThis.faults = commands;

if (setup.role === 'work') void begin();
else void lookAtAll(bus).then((final) => tell({ t: 'final', life, final }));
