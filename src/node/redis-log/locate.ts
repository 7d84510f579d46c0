// Asking where the master is: sentinels, or nodes of a cluster. The first that knows is believed; whoever is met there must still
// say that it is the master.

import { describe } from '../../core/errors.ts';
import type { BusError } from '../../core/errors.ts';
import { hubError } from '../hub-error.ts';
import { deferred } from '../deferred.ts';
import { infoOf } from './findings.ts';
import { epochKey, inSlot } from './keys.ts';
import { createClient } from './redis-package.ts';
import { isFinal, troubleOf } from './trouble.ts';
import { within } from './within.ts';

/** A word with one server. */
type Command = (words: readonly string[]) => Promise<unknown>;

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** A Redis, with what tells it from all others, whatever it is called by those who are asked. */
export interface Node extends Place {
  readonly id: string;
}

interface Answer {
  readonly master: Node;
  /** Others who may be asked the next time. */
  readonly others: readonly Place[];
}

/** Those who are asked. */
export interface Guides {
  /** What one of them is called in errors. */
  readonly called: string;
  /** How one of them is reached, for the `redis` package; without it, without user and password. */
  readonly urlOf?: (place: Place) => string;
  /** Rejects if it does not know. */
  readonly ask: (command: Command, asked: Place) => Promise<Answer>;
}

const nameOf = ({ host, port }: Place): string => `${host}:${port}`;

/** After so many milliseconds without an answer the next one is asked, too. */
const patience = 300;

/** Asks one after the other, and the next time first the one that knew. */
export function locator(guides: Guides, seeds: readonly Place[]): (deadline: number) => Promise<Node> {
  let known = seeds;
  return async (deadline) => {
    const { place, master, others } = await firstOf(
      known.map((one) => async () => {
        try {
          return { place: one, ...(await askOne(guides, one, deadline)) };
        } catch (error) {
          const trouble = troubleOf(error);
          if (isFinal(trouble)) throw trouble;
          const what = `Nobody says where the master is: ${guides.called} at ${nameOf(one)} says: ${describe(error)}.`;
          throw hubError('REDIS_AWAY', what, { retryable: true });
        }
      }),
    );
    known = [...new Map([place, ...others, ...seeds].map((one) => [nameOf(one), one])).values()];
    return master;
  };
}

/** What is given first. Rejects if all do: with what does not pass by itself, if there is such a thing. */
function firstOf<T>(tasks: readonly (() => Promise<T>)[]): Promise<T> {
  const found = deferred<T>();
  const errors: BusError[] = [];
  let begun = 0;
  const beginNext = async (): Promise<void> => {
    const task = tasks[begun];
    if (task === undefined) return;
    begun += 1;
    const timer = setTimeout(() => void beginNext(), patience);
    try {
      found.resolve(await task().finally(() => clearTimeout(timer)));
      begun = tasks.length;
    } catch (error) {
      errors.push(error as BusError);
      if (errors.length === tasks.length) found.reject(errors.find(isFinal) ?? error);
      else await beginNext();
    }
  };
  void beginNext();
  return found.promise;
}

async function askOne({ urlOf, ask }: Guides, place: Place, deadline: number): Promise<Answer> {
  const { host, port } = place;
  const socket = { connectTimeout: deadline, reconnectStrategy: false } as const;
  const client = createClient(
    urlOf === undefined ? { socket: { host, port, ...socket } } : { url: urlOf(place), socket },
  );
  client.on('error', () => undefined);
  try {
    return await within(
      deadline,
      client.connect().then(() => ask((words) => client.sendCommand(words), place)),
    );
  } finally {
    if (client.isOpen) client.destroy();
  }
}

/** Sentinels that look after a master of this name. */
export function atSentinels(name: string): Guides {
  return {
    called: 'the sentinel',
    ask: async (command) => {
      const answer = (await command(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name])) as readonly string[] | null;
      const [host, port] = answer ?? [];
      if (host === undefined) throw new Error(`it knows no master "${name}"`);
      return { master: { id: `${host}:${port}`, host, port: Number(port) }, others: [] };
    },
  };
}

type Served = readonly [host: string | null, port: number, id: string];
type Range = readonly [first: number, last: number, master: Served, ...replicas: Served[]];

/** Nodes of a cluster, in which the bus lies in one slot. */
export function atCluster(urlOf: (place: Place) => string): Guides {
  return {
    called: 'the node',
    urlOf,
    ask: async (command, asked) => {
      // One that is cut off from the others may tell what is not so any more.
      await checkCluster(command);
      const slot = Number(await command(['CLUSTER', 'KEYSLOT', inSlot(epochKey)]));
      const ranges = (await command(['CLUSTER', 'SLOTS'])) as readonly Range[];
      const nodes = ranges.flatMap(([, , ...served]) => served.map((one) => nodeOf(one, asked)));
      const [, , master] = ranges.find(([first, last]) => first <= slot && slot <= last) ?? [];
      if (master === undefined) throw new Error(`nobody serves slot ${slot}, in which the bus lies`);
      return { master: nodeOf(master, asked), others: nodes };
    },
  };
}

/** One that does not know its own host, or does not tell it, is where it was asked. */
function nodeOf([host, port, id]: Served, asked: Place): Node {
  return { id, host: host === null || host === '' ? asked.host : host, port };
}

/** Throws unless it is a node of a cluster that is whole. */
export async function checkCluster(command: Command): Promise<void> {
  const state = infoOf(String(await command(['CLUSTER', 'INFO']).catch(noCluster))).get('cluster_state');
  if (state !== 'ok')
    throw hubError('REDIS_AWAY', `The cluster does not serve all of its slots: its state is "${state}".`, {
      retryable: true,
    });
}

function noCluster(error: unknown): never {
  if (!describe(error).includes('cluster support disabled')) throw error;
  const what = 'This Redis is no node of a cluster: name it with redis://host:port';
  throw hubError('INVALID_SETTINGS', what, { cause: error });
}
