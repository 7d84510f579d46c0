// What a Redis is set up for that the bus would not want: messages that are evicted, or gone with the process.

import { describe } from '../../core/errors.ts';
import type { Finding } from '../finding.ts';

type Command = (command: readonly string[]) => Promise<unknown>;

/** What INFO says, by name. */
export type ServerInfo = ReadonlyMap<string, string>;

export function infoOf(text: string): ServerInfo {
  return new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf(':');
      return at < 1 || line.startsWith('#') ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
    }),
  );
}

const oldest = [6, 2] as const;

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
}

function warning(what: string, advice: string): Finding {
  return { level: 'warning', what, advice };
}

function problem(what: string, advice: string): Finding {
  return { level: 'problem', what, advice };
}

/** What keeps it from working, or weakens what the bus promises. What may not be asked is said, too. */
export async function findingsOf(command: Command): Promise<readonly Finding[]> {
  const info = await asked(command, ['INFO'], (answer) => infoOf(String(answer)));
  const config = await asked(command, ['CONFIG', 'GET', '*'], configOf);
  const found: Finding[] = [];
  for (const [what, answer] of Object.entries({ INFO: info, CONFIG: config })) {
    if (answer instanceof Error)
      found.push(
        warning(
          `${what} could not be read, so not everything could be looked at: ${answer.message}`,
          `Let the user do it (ACL SETUSER … +${what === 'INFO' ? 'info' : 'config|get'}), or check "appendonly" and "maxmemory-policy" by hand.`,
        ),
      );
  }
  if (!(info instanceof Error)) {
    found.push(...inInfo(info));
    if (info.get('cluster_enabled') === '1') found.push(...(await inCluster(command, info)));
  }
  if (!(config instanceof Error)) found.push(...inConfig(config, info instanceof Error ? new Map() : info));
  return found;
}

async function asked<T>(command: Command, words: readonly string[], read: (answer: unknown) => T): Promise<T | Error> {
  try {
    return read(await command(words));
  } catch (error) {
    return new Error(describe(error));
  }
}

/** What CONFIG GET says, by name. */
export function configOf(answer: unknown): ServerInfo {
  if (answer instanceof Map) return answer as ServerInfo;
  if (!Array.isArray(answer)) return new Map(Object.entries(answer as Record<string, string>));
  const pairs = answer as readonly string[];
  return new Map(pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1] ?? ''] as const] : [])));
}

function inInfo(info: ServerInfo): readonly Finding[] {
  const found: Finding[] = [];
  const version = info.get('redis_version') ?? '';
  if (isTooOld(version)) found.push(problem(`Redis ${version} is too old.`, `Use Redis ${oldest.join('.')} or newer.`));
  if (info.get('aof_enabled') === '0')
    found.push(
      warning(
        'AOF is off: when Redis dies, messages that were acknowledged are gone.',
        'Set "appendonly yes" (CONFIG SET appendonly yes, then CONFIG REWRITE).',
      ),
    );
  if (info.get('aof_last_write_status') === 'err')
    found.push(problem('Redis cannot write its AOF.', 'Look at its disk, and at its log.'));
  const policy = info.get('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction')
    found.push(
      warning(
        `The eviction policy is "${policy}": Redis deletes messages, or what is known of them, when memory runs out.`,
        'Set "maxmemory-policy noeviction".',
      ),
    );
  return found;
}

async function inCluster(command: Command, info: ServerInfo): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  if (info.get('connected_slaves') === '0')
    found.push(
      warning(
        'The node of the cluster that holds the bus has no replica: while it is away, the bus stands still.',
        'Give it one: redis-cli --cluster add-node … --cluster-slave --cluster-master-id <its id>.',
      ),
    );
  const state = await asked(command, ['CLUSTER', 'INFO'], (answer) => infoOf(String(answer)).get('cluster_state'));
  if (state !== 'ok' && !(state instanceof Error))
    found.push(
      problem(
        'The cluster takes nothing: it does not serve all of its slots.',
        'Look at its nodes: redis-cli --cluster check host:port',
      ),
    );
  return found;
}

function inConfig(config: ServerInfo, info: ServerInfo): readonly Finding[] {
  const wanted = Number(config.get('min-replicas-to-write') ?? 0);
  const there = Number(info.get('connected_slaves') ?? wanted);
  if (there >= wanted) return [];
  return [
    problem(
      `Redis takes nothing: it wants ${wanted} replicas and has ${there}.`,
      'Start the replicas, or lower "min-replicas-to-write".',
    ),
  ];
}
