// Who writes here. All tabs of a browser are one person.

import { Preference } from './preferences.ts';

const colours = ['Amber', 'Coral', 'Indigo', 'Jade', 'Olive', 'Sienna', 'Teal', 'Violet'];
const birds = ['Heron', 'Kestrel', 'Lapwing', 'Magpie', 'Plover', 'Sparrow', 'Swift', 'Wren'];
const longestName = 40;

export interface Person {
  readonly id: string;
  readonly name: Preference<string>;
}

function pick(words: readonly string[]): string {
  return words[Math.floor(Math.random() * words.length)] ?? '';
}

/** A name as it is kept: one line, no edges. Undefined if nothing is left. */
export function tidyName(value: string): string | undefined {
  const name = value.replace(/\s+/g, ' ').trim().slice(0, longestName);
  return name === '' ? undefined : name;
}

export function createPerson(): Person {
  const isText = (value: string): value is string => tidyName(value) !== undefined;
  return {
    id: new Preference('person', () => crypto.randomUUID(), isText).getSnapshot(),
    name: new Preference('name', () => `${pick(colours)} ${pick(birds)}`, isText),
  };
}
