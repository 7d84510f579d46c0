// Who writes here. All tabs of a browser are one person, unless the address says otherwise.

import { personal, Preference } from './preferences.ts';

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

/** Where a tab of somebody new is opened. */
export function addressOfSomebodyNew(): string {
  return `?as=${crypto.randomUUID().slice(0, 8)}`;
}

export function createPerson(): Person {
  const isText = (value: string): value is string => tidyName(value) !== undefined;
  return {
    id: new Preference(personal('person'), () => crypto.randomUUID(), isText).getSnapshot(),
    name: new Preference(personal('name'), () => `${pick(colours)} ${pick(birds)}`, isText),
  };
}
