// What this tab is called on the page of agents: the lowest number that no other tab has. A lock holds it, so no two tabs have
// the same one, and it is free again when its tab is gone, however it went.

const remembered = 'busline-chat:tab-number';
/** Milliseconds that the page before a reload may take to let its number go. */
const patience = 200;
/** Where locks are refused altogether, the search ends. */
const most = 1000;

/** Whether it is ours now; it is kept until this page ends. */
function take(number: number, options: LockOptions): Promise<boolean> {
  return new Promise((resolve) => {
    navigator.locks
      .request(`busline-chat:tab:${number}`, options, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise<never>(() => undefined);
      })
      .catch(() => resolve(false));
  });
}

function numberBefore(): number {
  try {
    return Number(sessionStorage.getItem(remembered));
  } catch {
    return 0;
  }
}

function rememberNumber(number: number): number {
  try {
    sessionStorage.setItem(remembered, String(number));
  } catch {
    // The next page of this tab may have another number.
  }
  return number;
}

export async function takeTabNumber(): Promise<number> {
  // Without locks there is no bus either, and the page says so.
  if (typeof navigator.locks !== 'object') return 1;
  const before = numberBefore();
  if (before > 0 && (await take(before, { signal: AbortSignal.timeout(patience) }))) return before;
  for (let number = 1; number <= most; number += 1)
    if (await take(number, { ifAvailable: true })) return rememberNumber(number);
  return 1;
}
