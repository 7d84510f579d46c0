// A tab that comes and goes: it subscribes, sends one message, and is gone, with or without a goodbye.
import { createBus } from 'busline';
import { contentOf } from './content.js';

const channelId = 'visits';
const hosts = ['shared-worker'];

let bus;

export async function visit(name) {
  bus = createBus({ name, hosts });
  await bus.subscribe(channelId, () => undefined).ready;
  await bus.send({ channelId, content: contentOf(0) });
}

export const leave = () => bus.close();

/** Keeps the host alive. */
export async function stay(name) {
  bus = createBus({ name, hosts });
  await bus.ready;
}

/** Resolves when the host knows that all others are gone, and holds none of their messages either. */
export async function alone() {
  while (bus.status.getSnapshot().tabs > 1) await new Promise((resolve) => bus.status.subscribe(resolve));
  await bus.clearChannel(channelId);
}
