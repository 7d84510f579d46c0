// A tab of a run. It sends, reads, works, asks and writes until it is told to stop; the driver calls what it puts on `globalThis`.
import { hang, channelName, obey, shiftClock, tellBy } from './instrument.ts';
import type { HostOrder } from './instrument.ts';
import { createBus, deleteBus } from 'busline';
import type { Bus } from 'busline';
import type { Positions } from '../../../src/core/log.ts';
import { plain } from '../record.ts';
import { lookAtAll } from './final.ts';
import { allSettled, life, random, setup, sleep } from './life.ts';
import { reach, resubscribe, subscribe, tellPositions } from './receive.ts';
import { send } from './send.ts';
import { allRead, read, write } from './story.ts';
import { flush, tell, tellAgain } from './tell.ts';
import { ask, consume, respond } from './work.ts';

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

const doing = { stopped: false };

const verbs: { readonly [habit: string]: (on: Bus) => void } = {
  one: (on) => send(on, random.pick(plain.slice(0, 3))),
  burst: (on) => {
    const ch = random.pick(plain.slice(0, 3));
    for (let count = random.whole(2, 40); count > 0; count--) send(on, ch);
  },
  // Each has a block of its own: more of them than may be under way at once.
  keyed: (on) => {
    for (let count = random.chance(0.3) ? random.whole(40, 80) : random.whole(1, 6); count > 0; count--)
      send(on, random.pick(plain.slice(0, 3)), { keyed: true });
  },
  flushed: (on) => send(on, random.pick(plain.slice(0, 3)), { ack: 'flushed' }),
  work: (on) => {
    for (let count = random.whole(1, 8); count > 0; count--) send(on, 'work');
  },
  ask,
  story: write,
  resubscribe,
};

const { pause, ...shares } = setup.habits;
const choices = Object.entries(shares).flatMap(([habit, share]) => Array.from({ length: share }, () => habit));

async function live(): Promise<void> {
  consume(bus);
  respond(bus);
  read(bus);
  subscribe(bus);
  while (!doing.stopped) {
    verbs[random.pick(choices)]?.(bus);
    if (random.chance(0.1)) tellPositions();
    await sleep(random.whole(0, pause));
  }
}

async function groupsAtRest(): Promise<void> {
  for (;;) {
    const groups = await bus.admin.groups();
    if (groups.every(({ pending, lag }) => pending === 0 && lag === 0)) return;
    await sleep(10);
  }
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
  stop: async () => {
    doing.stopped = true;
    await allSettled();
    tell({ t: 'drained', life });
  },
  heads: async () => {
    const infos = await bus.admin.channels();
    const own = infos.filter(({ channelId }) => plain.includes(channelId));
    const heads = Object.fromEntries(own.map(({ channelId, logId, head }) => [channelId, { logId, offset: head }]));
    tell({ t: 'heads', life, heads });
  },
  reach: async (heads: Positions) => {
    await reach(heads);
    await allRead();
    tell({ t: 'reached', life });
  },
  settle: async () => {
    await groupsAtRest();
    tell({ t: 'settled', life });
  },
  leave: async () => {
    await bus.close();
    tell({ t: 'left', life });
  },
};

declare global {
  var faults: typeof commands;
}
globalThis.faults = commands;

if (setup.role === 'work') void live();
else void lookAtAll(bus).then((final) => tell({ t: 'final', life, final }));
