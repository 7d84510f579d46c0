// What an uninvolved tab can see of the others.

/** Waits until every lock that others hold is free: hosts hold locks for as long as they live. */
export async function untilNoLocks() {
  for (;;) {
    const { held } = await navigator.locks.query();
    if (held.length === 0) return;
    await Promise.all(held.map(({ name }) => navigator.locks.request(name, () => undefined)));
  }
}
