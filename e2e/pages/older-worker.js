// A host of another build, which speaks none of the versions that a page of this one does.
const lock = `busline:busline:host:shared-worker:0:older:${Math.random()}`;
void navigator.locks.request(lock, () => new Promise(() => undefined));
self.onconnect = ({ ports: [port] }) => {
  port.onmessage = () => {
    const error = { code: 'VERSION_MISMATCH', message: 'Other versions.', retryable: false, accepted: false };
    port.postMessage([{ type: 'bye', error }]);
  };
  port.postMessage([{ type: 'hi', lock }]);
};
