// A cluster of Redis: three masters that share the slots, and a replica of each. The bus lies in one of the slots.

import { createClient } from 'redis';
import { freePort, startRedis } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';

export interface Serving {
  readonly master: RedisServer;
  readonly replica: RedisServer;
}

export interface RedisCluster {
  /** Names all nodes. */
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  /** Who serves the slot of the bus, and its replica, as the other nodes see it. */
  serving(): Promise<Serving>;
  /** Whether every node sees all masters, each with its replica, and the replicas follow. */
  isWhole(): Promise<boolean>;
  /** Resolves when it is whole; rejects if that takes too long. */
  whole(): Promise<void>;
  /** The replica takes the place of the master of the bus, in good order. */
  failOver(): Promise<void>;
  /** The slot of the bus begins to move to another master, and no key of it does; the returned function calls it off. */
  beginMove(): Promise<() => Promise<unknown>>;
  /** The slot of the bus moves to another master, key by key; `onStep` is called after each piece. */
  moveSlot(onStep?: (moved: number) => Promise<unknown>): Promise<void>;
  /** Removes what is stored. */
  clear(): Promise<void>;
  remove(): Promise<void>;
}

/** How long a node must be silent until the others take it for dead, in milliseconds. */
const silence = 2000;
const patience = 30_000;
const slots = 16_384;
const tag = '{bl}';

/** A word with one node, as an operator would have it: a replica is asked as well. Rejects if it is not there or says no. */
export async function askNode({ url }: RedisServer, ...words: readonly string[]): Promise<unknown> {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 2000 } });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.sendCommand(['READONLY']);
    return await client.sendCommand(words);
  } finally {
    if (client.isOpen) client.destroy();
  }
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = performance.now() + patience; performance.now() < end; await pause(50))
    if (await holds().catch(() => false)) return;
  throw new Error(`It does not come about: ${what}`);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface ClusterNode extends RedisServer {
  readonly busPort: number;
}

const settings = {
  'cluster-enabled': 'yes',
  'cluster-node-timeout': silence,
  'cluster-replica-validity-factor': 0,
  'cluster-allow-replica-migration': 'no',
  'repl-diskless-sync-delay': 0,
  // A replica is shown as one only when something was copied to it.
  'repl-ping-replica-period': 1,
  appendonly: 'yes',
  appendfsync: 'always',
};
const tries = 5;

async function startNode(options: readonly string[], tried = 1): Promise<ClusterNode> {
  const busPort = await freePort();
  try {
    const given = Object.entries({ ...settings, 'cluster-port': busPort });
    const node = await startRedis(...given.flatMap(([name, value]) => [`--${name}`, String(value)]), ...options);
    return { ...node, busPort };
  } catch (error) {
    // One of its ports was taken in the meantime.
    if (tried === tries) throw error;
    return startNode(options, tried + 1);
  }
}

type Served = readonly [host: string, port: number, id: string];
type Range = readonly [first: number, last: number, ...nodes: Served[]];

export async function startCluster(...options: readonly string[]): Promise<RedisCluster> {
  const nodes: ClusterNode[] = [];
  const remove = async (): Promise<void> => {
    for (const node of nodes) node.signal('SIGCONT');
    await Promise.all(nodes.map((node) => node.remove()));
  };
  try {
    while (nodes.length < 6) nodes.push(await startNode(options));
    const cluster = await clusterOf(nodes, remove);
    await cluster.whole();
    return cluster;
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The first three are masters, the others their replicas. Resolves with the ids of all. */
async function form(nodes: readonly ClusterNode[]): Promise<ReadonlyMap<RedisServer, string>> {
  const masters = nodes.slice(0, 3);
  const idOf = new Map<RedisServer, string>();
  for (const node of nodes) idOf.set(node, String(await askNode(node, 'CLUSTER', 'MYID')));
  for (const [at, master] of masters.entries()) {
    const [from, to] = [at, at + 1].map((n) => Math.floor((n * slots) / masters.length)) as [number, number];
    await askNode(master, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(to - 1));
    await askNode(master, 'CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1));
  }
  // Each one all others: it takes long until they hear of each other by themselves.
  for (const [at, node] of nodes.entries())
    for (const { port, busPort } of nodes.slice(at + 1))
      await askNode(node, 'CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort));
  for (const [at, replica] of nodes.slice(3).entries()) {
    const master = idOf.get(masters[at] as RedisServer) as string;
    await until(async () => (await askNode(replica, 'CLUSTER', 'REPLICATE', master)) === 'OK', 'a replica');
  }
  return idOf;
}

async function clusterOf(nodes: readonly ClusterNode[], remove: () => Promise<void>): Promise<RedisCluster> {
  const idOf = await form(nodes);
  const [first] = nodes as [ClusterNode];
  const slot = String(await askNode(first, 'CLUSTER', 'KEYSLOT', tag));

  const nodeAt = (port: number): RedisServer => nodes.find((node) => node.port === port) as RedisServer;
  const servingAt = async (node: RedisServer): Promise<readonly number[]> => {
    const ranges = (await askNode(node, 'CLUSTER', 'SLOTS')) as readonly Range[];
    const [, , ...served] = ranges.find(([from, to]) => from <= Number(slot) && Number(slot) <= to) as Range;
    return served.map(([, port]) => port);
  };
  const follows = async (node: RedisServer): Promise<boolean> =>
    /role:master|master_link_status:up/.test(String(await askNode(node, 'INFO', 'replication')));
  const seesAll = async (node: RedisServer): Promise<boolean> => {
    if (!String(await askNode(node, 'CLUSTER', 'INFO')).includes('cluster_state:ok')) return false;
    const ranges = (await askNode(node, 'CLUSTER', 'SLOTS')) as readonly Range[];
    const seen = ranges.flatMap(([, , ...served]) => served.map(([, port]) => port));
    return ranges.every((range) => range.length === 4) && new Set(seen).size === nodes.length;
  };

  const setSlot = (node: RedisServer, ...how: string[]): Promise<unknown> =>
    askNode(node, 'CLUSTER', 'SETSLOT', slot, ...how);
  const isMaster = async (node: RedisServer): Promise<boolean> =>
    String(await askNode(node, 'ROLE')).startsWith('master');
  /** To one of the masters that have it not. */
  const open = async (): Promise<{ master: RedisServer; target: RedisServer }> => {
    const { master } = await cluster.serving();
    const roles = await Promise.all(nodes.map(isMaster));
    const target = nodes.find((node, at) => roles[at] === true && node !== master) as RedisServer;
    await setSlot(target, 'IMPORTING', idOf.get(master) as string);
    await setSlot(master, 'MIGRATING', idOf.get(target) as string);
    return { master, target };
  };

  const cluster: RedisCluster = {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    async serving() {
      for (const node of nodes) {
        const [master, replica] = await servingAt(node).catch(() => []);
        // Whoever is asked about itself may not know yet.
        if (master !== undefined && replica !== undefined && master !== node.port)
          return { master: nodeAt(master), replica: nodeAt(replica) };
      }
      throw new Error('Nobody knows who serves the bus.');
    },
    async isWhole() {
      const all = await Promise.all(nodes.flatMap((node) => [seesAll(node), follows(node)]));
      const views = await Promise.all(nodes.map(async (node) => String(await servingAt(node))));
      return all.every(Boolean) && new Set(views).size === 1;
    },
    whole: () => until(() => cluster.isWhole(), 'a whole cluster'),
    async failOver() {
      const { replica } = await cluster.serving();
      await askNode(replica, 'CLUSTER', 'FAILOVER');
      await until(async () => (await isMaster(replica)) && cluster.isWhole(), 'a failover');
    },
    async beginMove() {
      const { master, target } = await open();
      return () => Promise.all([target, master].map((node) => setSlot(node, 'STABLE')));
    },
    async moveSlot(onStep) {
      const { master, target } = await open();
      for (let moved = 0; ;) {
        const keys = (await askNode(master, 'CLUSTER', 'GETKEYSINSLOT', slot, '3')) as readonly string[];
        if (keys.length === 0) break;
        const port = String(target.port);
        await askNode(master, 'MIGRATE', '127.0.0.1', port, '', '0', '5000', 'KEYS', ...keys);
        await onStep?.((moved += keys.length));
      }
      // As redis-cli does: the one that gets it knows it first.
      for (const node of [target, master]) await setSlot(node, 'NODE', idOf.get(target) as string);
      await cluster.whole();
    },
    async clear() {
      for (const node of nodes) if (await isMaster(node)) await askNode(node, 'FLUSHALL');
    },
    remove,
  };
  return cluster;
}
