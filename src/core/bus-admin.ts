// The rare verbs: thin shells, whose machinery is loaded when it is first used.

import type { Inside } from './inside.ts';
import { lateStore } from './late.ts';
import type { Admin, Entry } from './message-bus.ts';
import type { Store } from './store.ts';

export function busAdmin(inside: Inside, counts: () => { readonly [name: string]: number }): Admin {
  const admin = () => inside.load(import('./admin.ts'));
  const archive = () => inside.load(import('./archive.ts'));
  const outbox = () => inside.load(import('./outbox-view.ts'));
  let view: Store<readonly Entry[]> | undefined;
  return {
    channels: async (pattern = '*') => (await admin()).channels(inside, pattern),
    describe: async (channelId, info) => (await admin()).describeChannel(inside, channelId, info),
    groups: async (channelId) => (await admin()).groups(inside, channelId),
    deadLetters: async (options = {}) => (await admin()).deadLetters(inside, options),
    redrive: async (options = {}) => (await admin()).redrive(inside, options),
    outbox: () => (view ??= lateStore(outbox().then(({ OutboxView }) => new OutboxView(inside)))),
    retry: async (id) => (await outbox()).retry(inside, id),
    discard: async (id) => (await outbox()).discard(inside, id, await admin()),
    stats: async () => ({ ...counts(), ...(await (await admin()).hostStats(inside)) }),
    exportTo: async (write) => (await archive()).exportTo(inside, write),
    importFrom: async (chunks) => (await archive()).importFrom(inside, chunks),
  };
}
