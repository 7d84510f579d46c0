// The address of a Redis, of the sentinels of one, or of a cluster: checked, completed with a password, and shown without one. It
// may name several hosts, so it is no URL as the platform knows them.

interface Parts {
  readonly scheme: string;
  readonly user: string;
  /** As it is written: encoded for a URL. */
  readonly password: string;
  readonly hosts: string;
  /** The database; with sentinels, the name of the master before it. */
  readonly path: string;
  readonly rest: string;
}

const form = /^(rediss?|redis\+sentinel|redis\+cluster):\/\/(?:([^:@]*)(?::(.*))?@)?([^@/?#]+)(\/[^?#]*)?(.*)$/s;

function partsOf(address: string): Parts | undefined {
  const [, scheme, user = '', password = '', hosts, path = '', rest = ''] = form.exec(address) ?? [];
  return scheme === undefined || hosts === undefined ? undefined : { scheme, user, password, hosts, path, rest };
}

function isHost(host: string): boolean {
  try {
    return new URL(`redis://${host}`).hostname !== '';
  } catch {
    return false;
  }
}

export function isRedisAddress(text: string): boolean {
  const parts = partsOf(text);
  if (parts === undefined) return false;
  const { scheme, hosts, path } = parts;
  if (!scheme.includes('+')) return isHost(hosts);
  return hosts.split(',').every(isHost) && (scheme !== 'redis+sentinel' || /^\/[^/]+/.test(path));
}

/** A cluster has one database, which has no name. */
export function hasItsDatabase(address: string): boolean {
  const { scheme, path = '' } = partsOf(address) ?? {};
  return scheme !== 'redis+cluster' || ['', '/', '/0'].includes(path);
}

/** With this password, where it has none of its own. */
export function withPassword(address: string, password: string | undefined): string {
  const parts = partsOf(address);
  if (parts === undefined || parts.password !== '' || password === undefined) return address;
  const { scheme, user, hosts, path, rest } = parts;
  return `${scheme}://${user}:${encodeURIComponent(password)}@${hosts}${path}${rest}`;
}

/** For people and logs: neither user nor password, and nothing after the database, where clients put more. */
export function shownAddress(address: string): string {
  const parts = partsOf(address);
  return parts === undefined ? 'an address that cannot be read' : `${parts.scheme}://${parts.hosts}${parts.path}`;
}

/** The ways in which its password may turn up somewhere. */
export function secretsOf(address: string): readonly string[] {
  const password = partsOf(address)?.password ?? '';
  if (password === '') return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
