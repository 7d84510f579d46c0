// What operators ask, on the side of whoever asks. Loaded when it is first used.

import { checkChannel, checkPattern } from './channel.ts';
import { scan } from './content.ts';
import { busError } from './errors.ts';
import type { DeadRecord } from './host-admin.ts';
import type { Inside } from './inside.ts';
import type { Message } from './message.ts';
import type { Admin, ChannelDescription, ChannelInfo, DeadLetter, GroupInfo } from './message-bus.ts';

const fields = ['name', 'type', 'topic', 'metadata'] as const;

export async function channels(inside: Inside, pattern: string): Promise<readonly ChannelInfo[]> {
  checkPattern(pattern);
  return inside.host.channels(pattern);
}

export async function describeChannel(inside: Inside, channelId: string, info: ChannelDescription): Promise<void> {
  checkChannel(channelId);
  if (typeof info !== 'object' || info === null) throw busError('INVALID_INPUT', 'describe: give an object.');
  const given = Object.fromEntries(
    fields.flatMap((field) => (info[field] === undefined ? [] : [[field, info[field]]])),
  );
  const admin = await inside.host.admin();
  await admin.describe(channelId, scan(given, 'info', true).value as ChannelDescription);
}

export async function groups(inside: Inside, channelId: string | undefined): Promise<readonly GroupInfo[]> {
  return (await inside.host.admin()).groups(channelId);
}

async function messageOf(inside: Inside, { channelId, offset }: DeadRecord): Promise<Message | undefined> {
  const [block] = (await inside.host.page(channelId, offset - 1, 1)).blocks;
  return block && inside.read(block, block.offset).all.find((message) => message.offset === offset);
}

interface Found {
  readonly record: DeadRecord;
  readonly message: Message;
}

/** Dead letters whose messages were deleted since are none any more. */
async function find(inside: Inside, group: string | undefined): Promise<readonly Found[]> {
  const records = await (await inside.host.admin()).deadLetters(group);
  const found = await Promise.all(
    records.map(async (record) => ({ record, message: await messageOf(inside, record) })),
  );
  return found.flatMap(({ record, message }) => (message === undefined ? [] : [{ record, message }]));
}

export async function deadLetters(
  inside: Inside,
  { group, limit = 100 }: NonNullable<Parameters<Admin['deadLetters']>[0]>,
): Promise<readonly DeadLetter[]> {
  const found = (await find(inside, group)).slice(0, limit);
  return found.map(({ record: { group: of, reason, attempts }, message }) => ({
    message,
    group: of,
    reason,
    attempts,
  }));
}

export async function redrive(
  inside: Inside,
  { group, ids }: NonNullable<Parameters<Admin['redrive']>[0]>,
): Promise<number> {
  const found = await find(inside, group);
  const wanted = found.filter(({ message }) => ids === undefined || ids.includes(message.id));
  return (await inside.host.admin()).redrive(wanted.map(({ record }) => record));
}

/** Gives up the dead letters that a message is. Whether there was any. */
export async function discardDead(inside: Inside, id: string): Promise<boolean> {
  const found = await find(inside, undefined);
  const wanted = found.filter(({ message }) => message.id === id).map(({ record }) => record);
  return wanted.length > 0 && (await (await inside.host.admin()).discard(wanted)) > 0;
}

export async function hostStats(inside: Inside): Promise<{ readonly [name: string]: number }> {
  const stats = await (await inside.host.admin()).stats();
  return Object.fromEntries(Object.entries(stats).map(([name, value]) => [`host.${name}`, value]));
}
