// Where the master is: at the address that was given, or where the sentinels say.

import { createClient } from './redis-package.ts';
import { describe } from '../../core/errors.ts';
import { hubError } from '../hub-error.ts';
import { within } from './within.ts';

export interface Node {
  readonly host: string;
  readonly port: number;
}

/** What is asked where the master of this name is. */
export interface Sentinels {
  readonly nodes: readonly Node[];
  readonly name: string;
}

export interface Address {
  /** As the `redis` package takes it; with sentinels, of this node. */
  readonly urlOf: (node: Node | undefined) => string;
  readonly sentinels?: Sentinels;
}

const scheme = 'redis+sentinel://';

/** `redis+sentinel://user:password@host:port,host:port/name/database`, or what the `redis` package takes. */
export function addressOf(url: string): Address {
  if (!url.startsWith(scheme)) {
    if (/^rediss?:\/\//.test(url)) return { urlOf: () => url };
    const what = `This is no address of Redis, which begins with redis://, rediss:// or ${scheme}.`;
    throw hubError('INVALID_SETTINGS', what);
  }
  const rest = url.slice(scheme.length);
  const at = rest.lastIndexOf('@') + 1;
  const [hosts = '', name = '', database = ''] = rest.slice(at).split('/');
  if (hosts === '' || name === '') {
    const what = `The sentinels and the name of the master are needed: ${scheme}host:port,host:port/name`;
    throw hubError('INVALID_SETTINGS', what);
  }
  const nodes = hosts.split(',').map((host) => {
    const { hostname, port } = new URL(`redis://${host}`);
    return { host: hostname, port: Number(port || 26379) };
  });
  const urlOf = (node: Node | undefined): string => {
    const host = node?.host.includes(':') === true ? `[${node.host}]` : node?.host;
    return `redis://${rest.slice(0, at)}${host}:${node?.port}/${database}`;
  };
  return { urlOf, sentinels: { nodes, name } };
}

/** The first sentinel that answers is believed; whoever answers there must still say that it is the master. */
export async function masterOf({ nodes, name }: Sentinels, deadline: number): Promise<Node> {
  let why = 'no sentinels were named';
  for (const { host, port } of nodes) {
    const client = createClient({ socket: { host, port, connectTimeout: deadline, reconnectStrategy: false } });
    client.on('error', () => undefined);
    try {
      const answer = await within(
        deadline,
        client.connect().then(() => client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name])),
      );
      const [at, on] = (answer ?? []) as unknown as readonly string[];
      if (at !== undefined) return { host: at, port: Number(on) };
      why = `the sentinel at ${host}:${port} knows no master "${name}"`;
    } catch (error) {
      why = `the sentinel at ${host}:${port} says: ${describe(error)}`;
    } finally {
      if (client.isOpen) client.destroy();
    }
  }
  throw hubError('REDIS_AWAY', `Nobody says where the master is: ${why}.`, { retryable: true });
}
