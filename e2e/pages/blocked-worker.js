import './break-storage.js';
import { startHost } from '/dist/start-host.js';

startHost();
