// The samples of README.md and docs/: cut out of the text, told where they run, and made to report what they print.
//
// A fence says its kind. `core` runs in Node, `page` in a browser's page, `worker` is a worker's file that a page sample of
// its section starts by the name in its first line, `test` registers tests with vitest. Samples of one kind and section go
// on from each other, and from those before the first section.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const kinds = ['core', 'page', 'worker', 'test'] as const;
export type Kind = (typeof kinds)[number];

export interface Document {
  /** Its path from the root of the project. */
  readonly path: string;
  readonly text: string;
}

export interface Fence {
  readonly language: string;
  readonly kind: string;
  readonly section: string;
  /** The number of its first line. */
  readonly line: number;
  readonly code: string;
}

/** What a line must have printed by the end. */
export interface Promised {
  readonly id: string;
  readonly text: string;
}

export interface Program {
  /** Also its path without extension: document/section/kind or document/section/file. */
  readonly name: string;
  readonly kind: Kind;
  readonly code: string;
  /** The same, telling `globalThis.said` what it would print. */
  readonly telling: string;
  readonly promised: readonly Promised[];
}

declare global {
  /** Hears what a sample prints, and on which line. */
  var said: (id: string, ...values: unknown[]) => void;
}

export function documents(): readonly Document[] {
  const paths = ['README.md', ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)];
  return paths
    .filter((path) => path.endsWith('.md'))
    .map((path) => ({ path, text: readFileSync(root + path, 'utf8') }));
}

/** The anchor of a heading. */
export function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

export function fencesOf({ text }: Document): readonly Fence[] {
  const fences: Fence[] = [];
  let section = '';
  let open: { readonly info: string; readonly line: number; readonly lines: string[] } | undefined;
  for (const [at, line] of text.split('\n').entries()) {
    if (line.startsWith('```') && open === undefined) {
      open = { info: line.slice(3).trim(), line: at + 2, lines: [] };
    } else if (line === '```' && open !== undefined) {
      const [language = '', kind = ''] = open.info.split(' ');
      fences.push({ language, kind, section, line: open.line, code: `${open.lines.join('\n')}\n` });
      open = undefined;
    } else if (open !== undefined) open.lines.push(line);
    else if (/^###? /.test(line)) section = slug(line.slice(3));
  }
  if (open !== undefined) throw new Error(`the fence at line ${open.line} is not closed`);
  return fences;
}

/** What is not in a fence. */
export function proseOf({ text }: Document): string {
  return text.replaceAll(/^```[^\n]*\n.*?^```$/gms, '');
}

function isKind(kind: string): kind is Kind {
  return (kinds as readonly string[]).includes(kind);
}

const printing = 'console.log(';
const promise = /\/\/ → (.+)$/;

/** Makes each line that prints tell what it prints. Throws where a line prints without saying what, or says without printing. */
function telling(name: string, code: string): Pick<Program, 'telling' | 'promised'> {
  const promised: Promised[] = [];
  const lines = code.split('\n').map((line, at) => {
    const prints = line.split(printing).length - 1;
    const text = promise.exec(line)?.[1];
    if (prints > 1 || (prints === 1) !== (text !== undefined))
      throw new Error(`${name}: a line that prints says what after "// →", and no other line does: ${line}`);
    if (text === undefined) return line;
    promised.push({ id: `${name}:${at}`, text });
    return line.replace(printing, `globalThis.said(${JSON.stringify(`${name}:${at}`)}, `);
  });
  return { telling: lines.join('\n'), promised };
}

function programOf(name: string, kind: Kind, code: string): Program {
  return { name, kind, code, ...telling(name, code) };
}

function programsOf(document: Document): readonly Program[] {
  const folder = document.path.replace(/\.md$/, '').toLowerCase().replaceAll('/', '-');
  const programs: Program[] = [];
  const joined = new Map<string, { readonly kind: Kind; code: string }>();
  const beginning = new Map<Kind, string>();
  for (const { language, kind, section, line, code } of fencesOf(document)) {
    if (language !== 'ts') continue;
    if (!isKind(kind)) throw new Error(`${document.path}:${line}: say the kind of this sample: ${kinds.join(', ')}`);
    const file = /^\/\/ (\S+)\.ts\n/.exec(code)?.[1];
    if (section === '') beginning.set(kind, (beginning.get(kind) ?? '') + code);
    else if (file !== undefined) programs.push(programOf(`${folder}/${section}/${file}`, kind, code));
    else {
      const name = `${folder}/${section}/${kind}`;
      const before = joined.get(name)?.code ?? beginning.get(kind) ?? '';
      joined.set(name, { kind, code: before + code });
    }
  }
  for (const [name, { kind, code }] of joined) programs.push(programOf(name, kind, code));
  return programs;
}

export function allPrograms(): readonly Program[] {
  return documents().flatMap(programsOf);
}

type Calls = readonly (readonly [id: string, values: readonly unknown[]])[];

function shown(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { breakLength: Infinity });
}

/** What each line that prints has printed, as a console would show it; what it printed again follows after "then". */
export function printedBy({ promised }: Program, calls: Calls): readonly string[] {
  return promised.map(({ id }) =>
    calls
      .filter(([line]) => line === id)
      .map(([, values]) => values.map(shown).join(' '))
      .join(', then '),
  );
}
