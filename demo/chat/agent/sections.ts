// Cuts a Markdown document at its headings, and leaves of the text what is worth quoting.

import type { Document } from './documents.ts';

export interface Section {
  readonly id: string;
  readonly document: string;
  readonly heading: string;
  /** Paragraphs, table rows and list items in order, each by its sentences. */
  readonly paragraphs: readonly (readonly string[])[];
}

const codeFence = /^\s*(```|~~~)/;
const headingLine = /^(#{1,6})\s+(.+?)\s*#*$/;
/** Rules, rows of dashes, lines of HTML and badges say nothing. */
const silentLine = /^\s*([-=*_|: ]*|<.*|\[?!\[.*)$/;
/** The line under the head of a table: the head names the columns, and answers nothing. */
const tableRule = /^\s*\|[\s:|-]+$/;
const newItem = /^\s*([-*+]|\d+\.|\||>)\s?/;

function plain(markdown: string): string {
  return markdown
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(\*\*|__|`)/g, '')
    .replace(/(^|\s)[*_]([^*_]+)[*_](?=\W|$)/g, '$1$2')
    .replace(/\s*\|\s*/g, ' – ')
    .replace(/^[\s–]+|[\s–]+$/g, '')
    .replace(/\s+/g, ' ');
}

function paragraphsOf(lines: readonly string[]): string[][] {
  const paragraphs: string[] = [];
  let open = false;
  for (const line of lines) {
    if (tableRule.test(line)) paragraphs.pop();
    if (silentLine.test(line)) {
      open = false;
    } else if (open && !newItem.test(line)) {
      paragraphs.push(`${paragraphs.pop() ?? ''} ${line.trim()}`);
    } else {
      paragraphs.push(line.replace(newItem, ''));
      open = true;
    }
  }
  return paragraphs
    .map(plain)
    .filter(Boolean)
    .map((text) => text.split(/(?<=[.!?:])\s+(?=[\p{Lu}\d"“(])/u));
}

export function sectionsOf({ path, text }: Document): Section[] {
  const sections: Section[] = [];
  let heading = path;
  let lines: string[] = [];
  let inCode = false;
  const close = (): void => {
    const paragraphs = paragraphsOf(lines);
    if (paragraphs.length > 0) sections.push({ id: `${path}#${sections.length}`, document: path, heading, paragraphs });
    lines = [];
  };
  for (const line of text.split(/\r?\n/)) {
    if (codeFence.test(line)) inCode = !inCode;
    const title = inCode ? undefined : headingLine.exec(line)?.[2];
    if (title !== undefined) {
      close();
      heading = plain(title);
    } else if (!inCode && !codeFence.test(line)) {
      lines.push(line);
    }
  }
  close();
  return sections;
}
