// Frames in this tab. To a bus each is a tab: it has a document, a connection, a lock and objects of its own. Fifty real tabs
// would be fifty processes, and the machine's memory would be measured.

const frames = [];

export async function open(count) {
  frames.push(...(await Promise.all(Array.from({ length: count }, openOne))));
}

async function openOne() {
  const element = document.createElement('iframe');
  element.src = '/';
  const { promise: loaded, resolve } = Promise.withResolvers();
  element.onload = resolve;
  document.body.append(element);
  await loaded;
  const { promise: load, resolve: ready } = Promise.withResolvers();
  element.ready = ready;
  const script = element.contentDocument.createElement('script');
  script.textContent = 'frameElement.ready((file) => import(`/pages/${file}.js`))';
  element.contentDocument.body.append(script);
  return { element, load: await load };
}

/** Calls an exported function of a file in pages/ in all of them at once. */
export function call(file, name, ...given) {
  return Promise.all(frames.map(async ({ load }) => (await load(file))[name](...given)));
}

export function close() {
  for (const { element } of frames.splice(0)) element.remove();
}
