// The address of a Redis, or of those who say where the master is: sentinels, or nodes of a cluster.

import { hubError } from '../hub-error.ts';
import { atCluster, atSentinels, locator } from './locate.ts';
import type { Node, Place } from './locate.ts';

export interface Address {
  /** As the `redis` package takes it; where the master was asked for, of this node. */
  readonly urlOf: (node: Node | undefined) => string;
  /** Asks where the master is, within so many milliseconds for each who is asked; not there where the address is its own. */
  readonly locate?: (deadline: number) => Promise<Node>;
  readonly isCluster: boolean;
}

const sentinel = 'redis+sentinel://';
const cluster = 'redis+cluster://';

/**
 * `redis+sentinel://user:password@host:port,host:port/name/database`, `redis+cluster://user:password@host:port,host:port`, or
 * what the `redis` package takes.
 */
export function addressOf(url: string): Address {
  if (/^rediss?:\/\//.test(url)) return { urlOf: () => url, isCluster: false };
  const scheme = [sentinel, cluster].find((one) => url.startsWith(one));
  if (scheme === undefined) {
    const what = `This is no address of Redis, which begins with redis://, rediss://, ${sentinel} or ${cluster}.`;
    throw hubError('INVALID_SETTINGS', what);
  }
  const rest = url.slice(scheme.length);
  const at = rest.lastIndexOf('@') + 1;
  const [hosts = '', ...path] = rest.slice(at).split('/');
  const urlIn =
    (database: string) =>
    ({ host, port }: Place): string =>
      `redis://${rest.slice(0, at)}${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
  return scheme === sentinel ? sentinelsOf(hosts, path, urlIn) : clusterOf(hosts, path, urlIn(''));
}

type UrlOf = (place: Place) => string;

function sentinelsOf(
  hosts: string,
  [name = '', database = '']: readonly string[],
  urlIn: (of: string) => UrlOf,
): Address {
  if (hosts === '' || name === '') {
    const what = `The sentinels and the name of the master are needed: ${sentinel}host:port,host:port/name`;
    throw hubError('INVALID_SETTINGS', what);
  }
  const urlOf = urlIn(database);
  return {
    urlOf: (node) => urlOf(node as Node),
    locate: locator(atSentinels(name), placesIn(hosts, 26379)),
    isCluster: false,
  };
}

function clusterOf(hosts: string, [database = '']: readonly string[], urlOf: UrlOf): Address {
  if (hosts === '')
    throw hubError('INVALID_SETTINGS', `Nodes of the cluster are needed: ${cluster}host:port,host:port`);
  if (database !== '' && database !== '0')
    throw hubError('INVALID_SETTINGS', `A cluster has no databases: leave out the "/${database}" of its address.`);
  return {
    urlOf: (node) => urlOf(node as Node),
    locate: locator(atCluster(urlOf), placesIn(hosts, 6379)),
    isCluster: true,
  };
}

function placesIn(hosts: string, usual: number): readonly Place[] {
  return hosts.split(',').map((host) => {
    const { hostname, port } = parsed(host);
    return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port || usual) };
  });
}

function parsed(host: string): URL {
  try {
    return new URL(`redis://${host}`);
  } catch (cause) {
    throw hubError('INVALID_SETTINGS', `"${host}" is no host with a port.`, { cause });
  }
}
