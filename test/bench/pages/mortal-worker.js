// A user's own worker file: Busline's host, which also takes orders.
import { startHost } from 'busline/worker';
import { obeyOrders } from './mortal.js';

startHost();
obeyOrders();
