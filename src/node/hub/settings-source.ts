// Where settings come from, beside the argument: variables of the environment, and a file.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { describe } from '../../core/errors.ts';
import { checkSettings } from './check-settings.ts';
import type { Checked } from './check-settings.ts';
import { variables } from './settings-options.ts';

export type Environment = { readonly [variable: string]: string | undefined };

const defaultFile = 'busline.config.json';

/** Empty variables are none: that is how they are taken back in many places. */
export function fromEnvironment(environment: Environment, folder: string): Checked {
  const problems: string[] = [];
  const given: Record<string, unknown> = {};
  const names = new Map<string, string>();
  for (const [variable, { path, secret }] of Object.entries(variables)) {
    const [name, value] = secret
      ? secretOf(environment, variable, folder, problems)
      : [variable, environment[variable]];
    if (value === undefined || value === '') continue;
    names.set(path.join('.'), name);
    put(given, path, value);
  }
  const checked = checkSettings(given, (path) => names.get(path) ?? path);
  return { settings: checked.settings, problems: [...problems, ...checked.problems] };
}

/** A secret stands in the variable, or in the file that the variable with `_FILE` names. */
function secretOf(
  environment: Environment,
  variable: string,
  folder: string,
  problems: string[],
): readonly [name: string, value: string | undefined] {
  const name = `${variable}_FILE`;
  const file = environment[name];
  const value = environment[variable];
  if (file === undefined || file === '') return [variable, value];
  if (value !== undefined && value !== '') {
    problems.push(`${name}: is given, and ${variable} too; leave one of them out`);
    return [variable, undefined];
  }
  try {
    return [name, readFileSync(resolve(folder, file), 'utf8').trim()];
  } catch (error) {
    problems.push(`${name}: cannot be read: ${describe(error)}`);
    return [name, undefined];
  }
}

function put(into: Record<string, unknown>, [first = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) into[first] = value;
  else put((into[first] ??= {}) as Record<string, unknown>, rest, value);
}

/** `file` must be there; without it the one in the folder is read if there is one. */
export function fromFile(file: string | undefined, folder: string): Checked {
  const path = resolve(folder, file ?? defaultFile);
  const name = file ?? defaultFile;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (isMissing && file === undefined) return { settings: {}, problems: [] };
    return {
      settings: {},
      problems: [`${name}: cannot be read: ${isMissing ? 'there is no such file' : describe(error)}`],
    };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { settings: {}, problems: [`${name}: is not JSON${placeOf(error, text)}`] };
  }
  const checked = checkSettings(value, (at) => (at === '' ? name : `${name}: ${at}`));
  const { directory, ...others } = checked.settings;
  // Its folder is told from where the file is: it means the same wherever a process is started.
  const settings = directory === undefined ? others : { ...others, directory: resolve(dirname(path), directory) };
  return { settings, problems: checked.problems };
}

/** The engine quotes what it could not read, which may be a secret. */
function placeOf(error: unknown, text: string): string {
  const at = /position (\d+)/.exec(describe(error))?.[1];
  return at === undefined ? '' : ` (line ${text.slice(0, Number(at)).split('\n').length})`;
}
