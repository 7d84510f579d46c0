// One source of settings against the schema: every problem at once, each with the place it is in. What is wrong is never shown:
// it may be a secret.

import type { z } from 'zod';
import { nearest } from './nearest.ts';
import { settingsSchema } from './settings-schema.ts';
import type { PartialSettings } from './settings-options.ts';

export interface Checked {
  readonly settings: PartialSettings;
  /** `place: what is wrong`. */
  readonly problems: readonly string[];
}

/** Options that come with later versions, for whoever reads ahead. */
const later: { readonly [name: string]: string } = {
  server: 'is not there in this version: a hub does not listen for browsers yet',
};

const known: { readonly [path: string]: readonly string[] } = {
  '': ['name', 'directory', 'redis', 'withoutRedis', 'retention', 'logLevel', 'closeWithin'],
  redis: ['url', 'password', 'deadline', 'recheck'],
  retention: ['count', 'age', 'bytes'],
};

/** `others` are names that the source knows beside the settings; `name` says where a setting stands in the source. */
export function checkSettings(value: unknown, name: (path: string) => string, others: readonly string[] = []): Checked {
  const result = settingsSchema.safeParse(value);
  if (result.success) return { settings: result.data, problems: [] };
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, [], name, others));
  return { settings: {}, problems };
}

function problemsOf(
  issue: z.core.$ZodIssue,
  before: readonly PropertyKey[],
  name: (path: string) => string,
  others: readonly string[],
): readonly string[] {
  const path = [...before, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const at = path.join('.');
    return issue.keys.map((key) => `${name([...path, key].join('.'))}: ${unknown(key, at, others)}`);
  }
  // Of an object that may also be `false` it is told what is wrong in the object.
  const [branch] = issue.code === 'invalid_union' ? issue.errors : [];
  const inside = branch?.filter(({ path: at, code }) => at.length > 0 || code === 'unrecognized_keys') ?? [];
  if (inside.length > 0) return inside.flatMap((inner) => problemsOf(inner, path, name, others));
  return [`${name(path.join('.'))}: ${said(issue)}`];
}

function unknown(key: string, at: string, others: readonly string[]): string {
  const ahead = at === '' ? later[key] : undefined;
  if (ahead !== undefined) return ahead;
  const names = [...(known[at] ?? []), ...(at === '' ? others : [])];
  const meant = nearest(key, names);
  return meant === undefined ? `is unknown; there are ${names.join(', ')}` : `is unknown; did you mean "${meant}"?`;
}

function said({ message, code, ...issue }: z.core.$ZodIssue): string {
  if (code !== 'invalid_type' || !('expected' in issue)) return message;
  const article = issue.expected === 'object' ? 'an' : 'a';
  return `must be ${article} ${issue.expected}`;
}
