// Under which names the records of groups lie beside a log.

import type { DeadRecord } from './host-admin.ts';

const separator = '\u0000';
export const groupPrefix = 'group:';
export const deadPrefix = 'dead:';
export const begunPrefix = 'begun:';

export function begunName(group: string, pattern: string): string {
  return `${begunPrefix}${group}${separator}${pattern}`;
}

export function groupName(group: string, channelId: string): string {
  return `${groupPrefix}${group}${separator}${channelId}`;
}

export function deadName({ group, channelId, offset }: Pick<DeadRecord, 'group' | 'channelId' | 'offset'>): string {
  return `${deadPrefix}${group}${separator}${channelId}${separator}${offset}`;
}

/** The group and the channel, or pattern, that such a name is of. */
export function placeOf(name: string): { group: string; channelId: string } {
  const [group = '', channelId = ''] = name.slice(name.indexOf(':') + 1).split(separator);
  return { group, channelId };
}
