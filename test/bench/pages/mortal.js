// In a host that is to be killed. It says so before it obeys: afterwards it cannot.
import { clock } from './content.js';

const hangTime = 2000;

export function obeyOrders() {
  const orders = new BroadcastChannel('orders');
  orders.onmessage = ({ data: order }) => {
    const at = clock();
    orders.postMessage({ at });
    if (order === 'die') self.close();
    else while (clock() < at + hangTime);
  };
}
