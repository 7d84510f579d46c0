// The floor of a takeover: tabs wait for the Web Lock of the relay's worker, start the next one when they get it, and send
// again what was not acknowledged. It knows no hello, no positions and no fence.

export async function connect({ name }) {
  const unacknowledged = [];
  let handle = () => undefined;
  let port;
  let generation = 0;

  const attach = () =>
    new Promise((ready) => {
      generation += 1;
      ({ port } = new SharedWorker('/pages/relay-worker.js', { type: 'module', name: `${name} stored#${generation}` }));
      port.onmessage = ({ data }) => {
        if (data === 'ready') {
          for (const { block } of unacknowledged) port.postMessage(block);
          void navigator.locks.request(`${name} stored`, { mode: 'shared' }, () => undefined).then(attach);
          ready();
        } else if (data.acknowledged === undefined) {
          for (const block of data.blocks) for (const content of JSON.parse(block)) handle(content);
        } else {
          for (const { resolve } of unacknowledged.splice(0, data.acknowledged)) resolve();
        }
      };
    });

  await attach();
  return {
    send(content) {
      const block = JSON.stringify([content]);
      port.postMessage(block);
      return new Promise((resolve) => unacknowledged.push({ block, resolve }));
    },
    async receive(handler) {
      handle = handler;
    },
  };
}
