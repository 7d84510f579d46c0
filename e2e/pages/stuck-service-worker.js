// It is installed for ever, and never becomes active.
self.addEventListener('install', (event) => event.waitUntil(new Promise(() => undefined)));
