// One record of a journal: a newline, checksums of the header and of the body, the header, a tab, the body, a newline. JSON
// holds neither newlines nor tabs, so after whatever was torn the next record begins at the next newline; and a person can
// read it with `tail`.

import { crc32 } from 'node:zlib';
import type { Checkpoint, Stamped } from './checkpoint.ts';
import type { GroupProposal } from './group-proposal.ts';

export interface BlockProposal {
  readonly t: 'block';
  /** When it was proposed, as an ISO date. */
  readonly at: string;
  readonly producer: string;
  /** None: the producer's next. */
  readonly sequence?: number;
  readonly block: string;
  /** The process that proposes it, where that is not its producer. */
  readonly by?: string;
  /** The end of the channel, as its writer knew it. */
  readonly head?: number;
  readonly header: object;
  readonly push?: readonly [clientId: string, n: number];
  /** What its producer had before lies in another log. */
  readonly jump?: true;
  readonly records?: Stamped;
  /** Binary parts, in base64. */
  readonly bytes?: readonly string[];
  /** In a segment that was written anew: where it stands, whatever stands before it, and how large it was first. */
  readonly kept?: { readonly offset: number; readonly size: number };
}

/** By what the proposer of a record knows it again. */
export function idOf(proposal: Proposal): string | undefined {
  if (proposal.t === 'block') return `${proposal.by ?? proposal.producer} ${proposal.block}`;
  return 'id' in proposal ? proposal.id : undefined;
}

/** What is proposed, by its `t`. A reader skips what it does not know. */
export type Proposal =
  /** A block; its messages stand behind the tab. */
  | BlockProposal
  | GroupProposal
  /** What is kept beside the messages. */
  | { readonly t: 'records'; readonly records: Stamped; readonly id: string }
  /** Nobody needs these any more, unless there is a later one of the name. */
  | { readonly t: 'drop'; readonly records: readonly (readonly [name: string, stamp: string])[]; readonly id: string }
  /** This client will repeat nothing any more. */
  | { readonly t: 'forget'; readonly clientId: string; readonly id: string }
  /** The blocks from `from` to `upTo` are dropped: whole ones, so many bytes. Nothing if others dropped some of them. */
  | { readonly t: 'trim'; readonly from: number; readonly upTo: number; readonly bytes: number; readonly id: string }
  /** The segment was written anew, with another body for this block: so large it was first, so large it is now. */
  | {
      readonly t: 'replace';
      readonly offset: number;
      readonly segment: number;
      readonly generation: number;
      readonly was: number;
      readonly size: number;
      readonly id: string;
    }
  /** The next segment begins: what comes after this in the same file is void. */
  | { readonly t: 'seal'; readonly id: string }
  /** All that was known at the end of the segment before: the first one in a file counts. */
  | { readonly t: 'checkpoint'; readonly state: Checkpoint }
  /** Nothing is in this segment any more, or it goes on in a file that was written anew. */
  | { readonly t: 'gone' };

export interface Line {
  readonly proposal: Proposal;
  readonly body: string;
}

/** As it was read: the header is as it was written, the body may have come to harm. */
export interface ReadLine extends Line {
  readonly isWhole: boolean;
}

const sumLength = 8;
const [newline, space, tab] = [10, 32, 9];
/** What a record that was cut short may look like before its length was written. */
const cutBefore = /^[\da-f]{0,16}( \d*)?$/;

function sum(content: string | Uint8Array): string {
  return crc32(content).toString(16).padStart(sumLength, '0');
}

/** `checksums length header tab body`, with a newline before and after; the length is that of header, tab and body. */
export function textOf({ proposal, body }: Line): Buffer {
  const content = Buffer.from(`${JSON.stringify(proposal)}\t${body}`);
  const end = content.indexOf(tab);
  const sums = sum(content.subarray(0, end)) + sum(content.subarray(end + 1));
  return Buffer.concat([Buffer.from(`\n${sums} ${content.length} `), content, Buffer.of(newline)]);
}

/**
 * What lies between two newlines. A record is torn when it is shorter than it says: it was never written whole, and nobody was
 * told that it was stored. All else that cannot be read is damaged.
 */
export function lineOf(bytes: Buffer): ReadLine | 'torn' | 'damaged' {
  const lengthEnd = bytes.indexOf(space, 2 * sumLength + 1);
  if (bytes[2 * sumLength] !== space || lengthEnd < 0)
    return cutBefore.test(bytes.toString('latin1', 0, 40)) ? 'torn' : 'damaged';
  const length = Number(bytes.toString('latin1', 2 * sumLength + 1, lengthEnd));
  const content = bytes.subarray(lengthEnd + 1, lengthEnd + 1 + length);
  if (content.length < length) return 'torn';
  const end = content.indexOf(tab);
  const header = content.subarray(0, Math.max(0, end));
  if (end < 0 || bytes.toString('latin1', 0, sumLength) !== sum(header)) return 'damaged';
  const body = content.subarray(end + 1);
  const isWhole = bytes.toString('latin1', sumLength, 2 * sumLength) === sum(body);
  try {
    return { proposal: JSON.parse(header.toString()) as Proposal, body: body.toString(), isWhole };
  } catch {
    return 'damaged';
  }
}
