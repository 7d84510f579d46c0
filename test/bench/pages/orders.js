// How a sample makes its host die or hang, and learns when it did.
import { send } from './roles.js';

/** Tells the host to `die` or to `hang`, and sends message `n` as soon as it does; returns when that was. */
export async function sendAfter(order, n) {
  const orders = new BroadcastChannel('orders');
  const obeyed = new Promise((resolve) => {
    orders.onmessage = ({ data }) => resolve(data.at);
  });
  orders.postMessage(order);
  const at = await obeyed;
  orders.close();
  await send(n, n + 1);
  return at;
}
