// A deadline of our own for whatever may never settle.

import { hubError } from '../hub-error.ts';

/** What the task gives, or `REDIS_AWAY` if it does not within these milliseconds. */
export async function within<T>(ms: number, task: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(hubError('REDIS_AWAY', 'Redis did not answer in time.', { retryable: true })), ms);
  });
  try {
    return await Promise.race([task, late]);
  } finally {
    clearTimeout(timer);
  }
}
