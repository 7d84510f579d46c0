import { Observable } from './observable.ts';

/** Whether the browser has a network, as far as it knows. */
export function createOnline(): Observable<boolean> {
  const online = new Observable(navigator.onLine);
  for (const event of ['online', 'offline']) addEventListener(event, () => online.set(navigator.onLine));
  return online;
}
