// A page with the package at hand, for tests to drive.
import { agent, createBus, deleteBus, isBusError } from '/dist/index.js';

/** A worker that can be killed and hung, by name of the bus. */
const faulty = (name) => new SharedWorker('/pages/faulty-worker.js', { type: 'module', name });

Object.assign(globalThis, {
  busline: { agent, createBus, deleteBus, isBusError, faulty },
  /** Keeps what arrives, in order. */
  record(bus, channel, options) {
    const got = [];
    const subscription = bus.subscribe(
      channel,
      (message) =>
        got.push({ channelId: message.channelId, offset: message.offset, content: message.content, id: message.id }),
      options,
    );
    return { got, subscription };
  },
});
document.title = 'ready';
