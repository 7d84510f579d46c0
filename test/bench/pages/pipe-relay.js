// The floor: what one would write by hand for just this. The page encodes each message, joins those of a turn into blocks
// of 256 and keeps 32 blocks in flight; the worker never opens them.
const maxBlock = 256;
const maxInFlight = 32;

export async function connect({ name, stored }) {
  const worker = new SharedWorker('/pages/relay-worker.js', { type: 'module', name: stored ? `${name} stored` : name });
  const { port } = worker;
  const queue = [];
  const inFlight = [];
  let open;
  let handle = () => undefined;

  const flush = () => {
    while (queue.length > 0 && inFlight.length < maxInFlight) {
      const block = queue.shift();
      if (block === open) open = undefined;
      inFlight.push(block.waiting);
      port.postMessage(`[${block.json.join(',')}]`);
    }
  };
  const send = (content) => {
    if (open === undefined || open.json.length === maxBlock) {
      if (queue.length === 0) queueMicrotask(flush);
      open = { json: [], waiting: [] };
      queue.push(open);
    }
    open.json.push(JSON.stringify(content));
    return new Promise((resolve) => open.waiting.push(resolve));
  };
  const take = ({ acknowledged, blocks }) => {
    if (acknowledged === undefined) {
      for (const block of blocks) for (const content of JSON.parse(block)) handle(content);
      return;
    }
    for (const waiting of inFlight.splice(0, acknowledged)) for (const resolve of waiting) resolve();
    flush();
  };

  await new Promise((ready) => {
    port.onmessage = () => ready();
  });
  port.onmessage = ({ data }) => take(data);
  return {
    send,
    async receive(handler) {
      handle = handler;
    },
  };
}
