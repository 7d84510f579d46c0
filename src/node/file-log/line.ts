// One record of a journal: a newline, a checksum, the header, a tab, the body, a newline. JSON holds neither newlines nor
// tabs, so after whatever was torn, the next record begins at the next newline; and a person can read it with `tail`.

import { crc32 } from 'node:zlib';

/** What is proposed, by its `t`. A reader skips what it does not know. */
export type Proposal =
  /** A block: its producer, its sequence (none: the producer's next), its id, its header. The body stands behind the tab. */
  | {
      readonly t: 'block';
      readonly producer: string;
      readonly sequence?: number;
      readonly block: string;
      readonly at: number;
      readonly header: object;
      readonly push?: readonly [clientId: string, n: number];
      readonly records?: Stamped;
      /** Binary parts, in base64. */
      readonly bytes?: readonly string[];
    }
  /** What is kept beside the messages. */
  | { readonly t: 'records'; readonly records: Stamped; readonly id: string }
  /** These clients will repeat nothing any more. */
  | { readonly t: 'forget'; readonly clientId: string; readonly id: string }
  /** The blocks from `from` to `upTo` are dropped: whole ones, so many bytes. Nothing if others dropped some of them. */
  | { readonly t: 'trim'; readonly from: number; readonly upTo: number; readonly bytes: number; readonly id: string }
  /** Another body for a block; the one it had is still in its file. By so many bytes it is larger. */
  | {
      readonly t: 'replace';
      readonly offset: number;
      readonly bytes: number;
      readonly body: Replacement;
      readonly id: string;
    }
  /** The next segment begins: what comes after this in the same file is void. */
  | { readonly t: 'seal' }
  /** All that was known at the end of the segment before: the first one in a file counts, and nothing before it does. */
  | { readonly t: 'checkpoint'; readonly state: object };

export interface Replacement {
  readonly block: string;
  readonly json: string;
  readonly bytes?: readonly string[];
}

/** Names and values, each with a moment and a number that order what was saved, whoever saved it; no value removes it. */
export type Stamped = readonly (readonly [name: string, stamp: string, value?: unknown])[];

export interface Line {
  readonly proposal: Proposal;
  readonly body: string;
}

function sum(content: string): string {
  return crc32(content).toString(16).padStart(8, '0');
}

export function textOf({ proposal, body }: Line): string {
  const content = `${JSON.stringify(proposal)}\t${body}`;
  return `\n${sum(content)} ${content}\n`;
}

/** Undefined for what is torn, foreign or damaged. */
export function lineOf(text: string): Line | undefined {
  if (text.length < 10 || text[8] !== ' ') return undefined;
  const content = text.slice(9);
  const tab = content.indexOf('\t');
  if (tab < 0 || sum(content) !== text.slice(0, 8)) return undefined;
  try {
    const proposal = JSON.parse(content.slice(0, tab)) as Proposal;
    return { proposal, body: content.slice(tab + 1) };
  } catch {
    return undefined;
  }
}
