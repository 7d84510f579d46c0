// The names under which a bus lies in Redis. In a cluster all of it lies in one slot: records are saved with what is appended,
// and what a Redis holds that was set back is agreed on once, for all channels.

/** Braces would end the name early, and `%` is what they are written with. */
function encoded(channelId: string): string {
  return channelId.replaceAll('%', '%25').replaceAll('{', '%7B').replaceAll('}', '%7D');
}

export interface ChannelKeys {
  /** The stream of blocks: the id of an entry is the offset of its last message. */
  readonly log: string;
  /** A hash: identity, first, head, bytes, what is remembered of producers, clients and keys. */
  readonly meta: string;
  /** A hash of blocks that were given another body; a stream takes nothing back in. */
  readonly replaced: string;
  /** Which blocks are not just normal messages, by their last offset: `last:count:mark`. */
  readonly marks: string;
  /** What processes hold beyond the head of a log that was set back, until it is put in its place. */
  readonly rescue: string;
  /** The names of the groups that have begun here. */
  readonly groups: string;
  /** Where it is rung that something was appended. */
  readonly bell: string;
}

export function keysOf(channelId: string): ChannelKeys {
  const start = `bl:{${encoded(channelId)}}`;
  return {
    log: `${start}:log`,
    meta: `${start}:meta`,
    replaced: `${start}:replaced`,
    marks: `${start}:marks`,
    rescue: `${start}:rescue`,
    groups: `${start}:groups`,
    bell: `${start}:bell`,
  };
}

/** Of a group at a channel, in the order in which its scripts have them. */
export function groupKeysOf(channelId: string, group: string): readonly string[] {
  const { log, meta, marks, groups } = keysOf(channelId);
  const refs = `${log}:g:${group}`;
  const own = ['state', 'ready', 'again', 'leases', 'held', 'dead'].map((part) => `${refs}:${part}`);
  return [refs, ...own, meta, marks, groups];
}

/** Which groups have begun with which patterns, and who is a member. */
export const begunKey = 'bl:groups';
export const membersKey = 'bl:members';

/** All processes that are there, or died without a word. */
export const processesKey = 'bl:processes';

/** Is there as long as the process. */
export function processKey(storeId: string): string {
  return `bl:process:${storeId}`;
}

/** The server, and the history of its data, that all processes have agreed on what it holds. */
export const epochKey = 'bl:epoch';
/** Channels that are being set right. */
export const rescuedKey = 'bl:rescued';

/** Is there while a process, which has given this server what it holds, waits for the others. */
export function waitingKey(identity: string, storeId: string): string {
  return `bl:waiting:${identity}:${storeId}`;
}

/** Is never there. */
const absentKey = 'bl:absent';

/** As a key is called in a cluster: what stands in braces first is the same in all of them, so all lie in one slot. */
export function inSlot(key: string): string {
  return `{${key.slice(0, 2)}}${key.slice(2)}`;
}

/**
 * A command as it is sent to a cluster. While a slot moves, a node takes no script that names a key which is not there: with one
 * that never is, none is ended in its midst, because it has emptied a key of its own and so the node takes it for moved.
 */
export function commandInSlot(command: readonly string[]): readonly string[] {
  const [verb = '', second = ''] = command;
  if (verb === 'EVALSHA' || verb === 'EVAL') {
    const end = 3 + Number(command[2]);
    const keys = [...command.slice(3, end), absentKey].map(inSlot);
    return [verb, second, String(keys.length), ...keys, ...command.slice(end)];
  }
  // A bell is no key.
  const isKey = verb !== 'PUBLISH' && second.startsWith('bl:');
  return isKey ? [verb, inSlot(second), ...command.slice(2)] : command;
}

/** All channels, written before the first append of each. */
export const catalogue = 'bl:channels';
/** What is kept beside the messages. */
export const recordsKey = 'bl:records';
export const allBells = 'bl:{*}:bell';

const bell = /^bl:\{(.*)\}:bell$/s;

export function channelOfBell(name: string): string | undefined {
  const [, channel] = bell.exec(name) ?? [];
  return channel?.replaceAll('%7B', '{').replaceAll('%7D', '}').replaceAll('%25', '%');
}

/** What is kept under a name: anything else there is not ours. */
export type Kinds = readonly (readonly [key: string, type: string])[];

export const commonKinds: Kinds = [
  [catalogue, 'set'],
  [recordsKey, 'hash'],
  [processesKey, 'set'],
  [begunKey, 'hash'],
  [membersKey, 'hash'],
  [epochKey, 'string'],
  [rescuedKey, 'set'],
];

export function kindsOf(channelId: string): Kinds {
  const { log, meta, replaced, marks, groups, rescue } = keysOf(channelId);
  return [
    [log, 'stream'],
    [meta, 'hash'],
    [replaced, 'hash'],
    [marks, 'zset'],
    [groups, 'set'],
    [rescue, 'hash'],
  ];
}
