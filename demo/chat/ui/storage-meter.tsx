import type { VNode } from 'preact';
import type { BusStatus, MessageBus } from 'busline';
import { useStore } from './use-store.ts';
import { sizeOf } from './words.ts';

function withoutEstimate(durability: BusStatus['durability']): string {
  return durability === 'memory'
    ? 'Messages are kept in memory here: nothing is on the disk.'
    : 'The browser does not say how much is used.';
}

/** How full the disk is, as the browser estimates it. */
export function StorageMeter({ bus }: { readonly bus: MessageBus }): VNode {
  const { host, storage, durability } = useStore(bus.status);
  return (
    <section class="card" aria-labelledby="storage">
      <h2 id="storage">Storage</h2>
      {storage === undefined ? (
        <p>{host === 'connecting' ? 'Looking …' : withoutEstimate(durability)}</p>
      ) : (
        <>
          <meter
            aria-labelledby="storage"
            min={0}
            max={storage.quota}
            high={storage.quota * 0.8}
            optimum={0}
            value={storage.used}
          />
          <p>
            {sizeOf(storage.used)} of {sizeOf(storage.quota)} used.{' '}
            {storage.persisted
              ? 'The browser keeps it until you clear it.'
              : 'The browser may clear it when the disk is full.'}
          </p>
        </>
      )}
    </section>
  );
}
