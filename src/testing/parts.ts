// What a bus loads when it is first used. A test bus loads it beforehand: a test that moves the clock is not to wait for a disk.

let loaded: Promise<unknown> | undefined;

/** Settles when all parts are there. */
export function loadParts(): Promise<unknown> {
  loaded ??= Promise.allSettled([
    import('../core/admin.ts'),
    import('../core/archive.ts'),
    import('../core/erase.ts'),
    import('../core/history.ts'),
    import('../core/live-view.ts'),
    import('../core/outbox-view.ts'),
    import('../core/request.ts'),
    import('../core/respond.ts'),
    import('../core/stream-reader.ts'),
    import('../core/stream.ts'),
    import('../protocol/remote-admin.ts'),
  ]);
  return loaded;
}
